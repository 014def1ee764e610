"""How long a stage took on this machine, kept beside what DVC keeps for itself.

No output may hold a time, which differs from run to run. So it stands in `.dvc/tmp`, which Git
ignores, with the fingerprint of the figures that the run wrote: of others it says nothing.
"""

import hashlib
import json
import time
from contextlib import suppress
from pathlib import Path

from convline.runtime import paths
from convline.runtime.files import write_json

DVC_TMP = Path(".dvc/tmp")
RUN_TIMES = DVC_TMP / "run_times"
STAGES = "stages."


def keep_run_time(module: str) -> None:
    """Write how long this process has run, its imports included, if `module` is a stage.

    Nothing that goes wrong here is worth a failed stage.
    """
    if not module.startswith(STAGES) or not DVC_TMP.is_dir():
        return
    import psutil  # noqa: PLC0415 (benchmarks/gpu.py runs without it)

    stage = module.removeprefix(STAGES)
    with suppress(OSError, psutil.Error):
        seconds = time.time() - psutil.Process().create_time()
        content = {"seconds": round(seconds, 2), "metrics_sha256": _fingerprint(stage)}
        write_json(RUN_TIMES / f"{stage}.json", content)


def run_time(stage: str) -> float | None:
    """Seconds of the run of this machine that gave the figures of `stage`, if there was one."""
    try:
        kept = json.loads((RUN_TIMES / f"{stage}.json").read_text(encoding="utf-8"))
        return float(kept["seconds"]) if kept["metrics_sha256"] == _fingerprint(stage) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _fingerprint(stage: str) -> str:
    return hashlib.sha256(paths.metrics(stage).read_bytes()).hexdigest()
