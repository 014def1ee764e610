"""Whether `dvc.lock` and `metrics/` of a commit came of its own code and params."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from convline.pull_requests.review_text import listed
from convline.runtime.dvc import run_dvc
from convline.runtime.git import git

UP_TO_DATE = "Data and pipelines are up to date."


def doubts(commit: str) -> list[str]:
    """Why the figures of a commit are not, or may not be, what its code and params give.

    Three checks, of which each misses what the others find: `dvc repro --dry` must end well, it
    must find nothing to do, and all metrics and plots that dvc.yaml leaves to Git must be there.
    All of them look at a clone of the commit: what lies about in the working folder, such as
    figures that CI has just made itself, is not the commit's.
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
            yield f"Stage `{name}` has no committed {listed(files)}."


def _edited(clone: Path) -> Iterator[str]:
    """Files of which dvc.lock has another digest: edited by hand, or of another run."""
    for name, stage in _stages(clone / "dvc.lock"):
        for out in stage.get("outs", []):
            file = clone / out["path"]
            if file.is_file() and out.get("md5") != hashlib.md5(file.read_bytes()).hexdigest():  # noqa: S324, DVC's
                yield f"`{out['path']}` is not what `{name}` wrote: dvc.lock has another digest."


def _stale(clone: Path) -> Iterator[str]:
    # --allow-missing: data and models are not in Git, and their digests in dvc.lock are enough.
    result = run_dvc("repro", "--allow-missing", "--dry", folder=clone)
    if result.returncode == 0 and UP_TO_DATE in result.stdout:
        return
    # A stage that must run fails at once, even dry, where its data is not there.
    stages = re.findall(r"^Running stage '(.+?)'", result.stdout, re.MULTILINE)
    stages += re.findall(r"failed to reproduce '(.+?)'", result.stderr)
    if stages:
        must = f"{listed(dict.fromkeys(stages))} and what depends on it must run again"
        yield f"dvc.lock is not of this commit: {must}, with `dvc repro`."
    else:
        first = (result.stderr.strip().splitlines() or ["it does not say why"])[0]
        yield f"`dvc repro` cannot run this commit: `{first.removeprefix('ERROR: ')}`"


def _stages(file: Path) -> list[tuple[str, dict[str, Any]]]:
    """The stages of dvc.yaml or dvc.lock; none where DVC itself will say what is wrong."""
    try:
        content = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
        return [(name, stage) for name, stage in content["stages"].items() if stage]
    except (OSError, YAMLError, KeyError, TypeError, AttributeError):
        return []


def _kept_in_git(stage: dict[str, Any]) -> Iterator[str]:
    """Metrics and plots with `cache: false`."""
    for entry in [*stage.get("metrics", []), *stage.get("plots", [])]:
        if isinstance(entry, dict):
            yield from (path for path, options in entry.items() if options.get("cache") is False)
