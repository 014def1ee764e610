"""Check that dvc.lock and metrics/ of a commit belong to its own code and params."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from convline.pull_requests.review_markdown import listed
from convline.runtime.dvc import run_dvc
from convline.runtime.git import git

UP_TO_DATE = "Data and pipelines are up to date."


def find_mismatches(commit: str) -> list[str]:
    """Return why the metrics of a commit are not, or may not be, results of its code and params.

    There are three checks, and each misses what the others find: metrics and plots that dvc.yaml
    leaves to Git are committed, their digests are those of dvc.lock, and `dvc repro --dry` finds
    nothing to do. They run in a clone of the commit, because the working folder may hold other
    files, such as metrics that CI has just computed.
    """
    with TemporaryDirectory() as folder:
        clone = Path(folder, "clone")
        git("clone", "--quiet", "--no-checkout", ".", str(clone))
        git("checkout", "--quiet", "--detach", commit, folder=clone)
        return [*_missing(clone), *_edited(clone), *_stale(clone)]


def _missing(clone: Path) -> Iterator[str]:
    tracked = set((git("ls-files", folder=clone) or "").splitlines())
    for name, stage in _stages(clone / "dvc.yaml"):
        files = sorted(set(_kept_in_git(stage)) - tracked)
        if files:
            yield f"Outputs of stage `{name}` are not committed: {listed(files)}."


def _edited(clone: Path) -> Iterator[str]:
    for name, stage in _stages(clone / "dvc.lock"):
        for out in stage.get("outs", []):
            file = clone / out["path"]
            if file.is_file() and out.get("md5") != hashlib.md5(file.read_bytes()).hexdigest():  # noqa: S324, DVC's
                yield f"`{out['path']}` is not the file that stage `{name}` wrote (see dvc.lock)."


def _stale(clone: Path) -> Iterator[str]:
    # --allow-missing: data and models are not in Git, and their digests in dvc.lock are enough.
    result = run_dvc("repro", "--allow-missing", "--dry", folder=clone)
    if result.returncode == 0 and UP_TO_DATE in result.stdout:
        return
    # A stage that must run fails at once, even dry, where its data is missing.
    stages = re.findall(r"^Running stage '(.+?)'", result.stdout, re.MULTILINE)
    stages += re.findall(r"failed to reproduce '(.+?)'", result.stderr)
    if stages:
        rerun = f"reruns {listed(dict.fromkeys(stages))} and the stages that depend on it"
        yield f"dvc.lock is out of date: run `dvc repro`, which {rerun}, and commit."
    else:
        first = (result.stderr.strip().splitlines() or ["no message"])[0]
        yield f"`dvc repro` cannot run this commit: `{first.removeprefix('ERROR: ')}`"


def _stages(file: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return the stages of dvc.yaml or dvc.lock; none if DVC itself will report what is wrong."""
    try:
        content = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
        return [(name, stage) for name, stage in content["stages"].items() if stage]
    except (OSError, YAMLError, KeyError, TypeError, AttributeError):
        return []


def _kept_in_git(stage: dict[str, Any]) -> Iterator[str]:
    """Yield the paths of metrics and plots with `cache: false`."""
    for entry in [*stage.get("metrics", []), *stage.get("plots", [])]:
        if isinstance(entry, dict):
            yield from (path for path, options in entry.items() if options.get("cache") is False)
