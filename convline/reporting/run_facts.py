"""Facts about the run for the report: commit, versions, times, stages that are out of date."""

import hashlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from convline.runtime import paths
from convline.runtime.dvc import run_dvc
from convline.runtime.git import git
from convline.runtime.run_times import run_time

PACKAGES = {
    "tensorflow": "TensorFlow",
    "keras": "Keras",
    "numpy": "NumPy",
    "scikit-learn": "scikit-learn",
    "dvc": "DVC",
}
# DVC's words for data that is not on this machine, as in a fresh clone; results stay valid.
ABSENT = ("deleted", "not in cache")
MOST_FILES = 8


def facts(stages: dict[str, Any], metrics: dict[str, Any]) -> dict[str, Any]:
    """Return what the report shows of the run."""
    seconds = {stage: run_time(stage) for stage in stages}
    lock = paths.DVC_LOCK
    return {
        "stages": [
            {
                "name": name,
                "desc": stage.get("desc", ""),
                "time": "" if (t := seconds[name]) is None else duration(t),
            }
            for name, stage in stages.items()
        ],
        "stale": stale_stages(),
        "git": commit(),
        "versions": versions(),
        "machine": f"{platform.system()}, {platform.machine()}",
        "threads": metrics["train"]["train"]["threads"],
        "lock": hashlib.sha256(lock.read_bytes()).hexdigest() if lock.exists() else None,
    }


def commit() -> dict[str, Any] | None:
    """Return the current commit and the files that differ from it; None if there is no commit."""
    shown = git("log", "-1", "--format=%H%n%cs%n%s", may_fail=True)
    if shown is None:
        return None
    digest, date, subject = shown.split("\n", 2)
    changed = [line[3:] for line in (git("status", "--porcelain", strip=False) or "").splitlines()]
    return {
        "commit": digest,
        "date": date,
        "subject": subject,
        "branch": git("branch", "--show-current"),
        "changed": changed[:MOST_FILES],
        "more": len(changed[MOST_FILES:]),
    }


def versions() -> dict[str, str]:
    """Return the versions of Python and of packages that affect results, without importing them."""
    found = {"Python": platform.python_version()}
    for package, name in PACKAGES.items():
        try:
            found[name] = version(package)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def stale_stages() -> list[str] | None:
    """Return stages whose params, code or inputs changed after they ran; None if DVC fails.

    Outputs that are not on this machine, as in a fresh clone, do not count as changed.
    """
    result = run_dvc("status", "--json")
    try:
        status = json.loads(result.stdout)
    except ValueError:
        return None
    return [name for name, changes in status.items() if any(map(_is_change, changes))]


def _is_change(change: Any) -> bool:
    if not isinstance(change, dict):
        return change == "changed command"
    return any(
        what not in ABSENT
        for files in change.values()
        for how in files.values()
        for what in (how.values() if isinstance(how, dict) else [how])
    )


def duration(seconds: float) -> str:
    """Format a duration: `3.2 s`, `2 min 05 s`, `1 h 03 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"
