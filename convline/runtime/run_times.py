"""Run times of the stages on this machine, kept in `.dvc/tmp`, which Git ignores.

They differ from run to run, so no output may contain them. Each is stored with a digest of the
metrics that its run wrote, and is valid only for those metrics.
"""

import hashlib
import json
import time
from contextlib import suppress
from pathlib import Path

from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.files import write_json

DVC_TMP = Path(".dvc/tmp")
RUN_TIMES = DVC_TMP / "run_times"
STAGES = "stages."


def keep_run_time(module: str) -> None:
    """Write how long this process has run, including its imports, if `module` is a stage.

    Errors are ignored: they must not fail a stage.
    """
    if not module.startswith(STAGES) or not DVC_TMP.is_dir():
        return
    import psutil  # noqa: PLC0415 (benchmarks/gpu.py runs without it)

    stage = module.removeprefix(STAGES)
    with suppress(OSError, UserError, psutil.Error):
        seconds = time.time() - psutil.Process().create_time()
        content = {"seconds": round(seconds, 2), "metrics_sha256": _fingerprint(stage)}
        write_json(RUN_TIMES / f"{stage}.json", content)


def run_time(stage: str, since: float = 0) -> float | None:
    """Return the run time, in seconds, of the run that wrote the metrics of `stage`, if known.

    Args:
        stage: name of the stage.
        since: end of the oldest run that counts, in seconds since 1970.
    """
    file = RUN_TIMES / f"{stage}.json"
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        fits = kept["metrics_sha256"] == _fingerprint(stage) and file.stat().st_mtime >= since
        return float(kept["seconds"]) if fits else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _fingerprint(stage: str) -> str:
    return hashlib.sha256(paths.metrics(stage).read_bytes()).hexdigest()
