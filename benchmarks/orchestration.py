"""What DVC adds: `dvc repro` of seven stages that do no work, against the bare start of the same.

Ours is the pipeline's own dvc.yaml, with its deps, params and outs, but each stage only imports its
module and writes outputs of some bytes. The peer runs `python -c "import stages.<name>"` for the
seven, one after the other.
"""

import shutil
from contextlib import chdir
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from benchmarks import workspace
from benchmarks.harness import Row, Timing, in_turn

DVC_YAML = Path("dvc.yaml")
ROUNDS = 1


def against_bare_start() -> tuple[Timing, str]:
    """Row 10."""
    folder = Path("orchestration")
    workspace.copy_repository(folder)
    with chdir(folder):
        stages = without_work()
        workspace.module("compileall", "-q", "stages")
        timing = in_turn(lambda: repro(stages), lambda: bare(stages), ROUNDS, warm_up=False)
    shutil.rmtree(folder)
    return timing, ""


def without_work() -> list[str]:
    """Have each stage of dvc.yaml import its module and write small outputs; return their names."""
    yaml = YAML()
    content = yaml.load(DVC_YAML)
    for name, stage in content["stages"].items():
        kinds = ("outs", "metrics", "plots")
        outs = [path_of(out) for kind in kinds for out in stage.get(kind, [])]
        stage["cmd"] = [f"python -c 'import stages.{name}'", *map(write, outs)]
    yaml.dump(content, DVC_YAML)
    return list(content["stages"])


def path_of(out: Any) -> str:
    """An entry of dvc.yaml's outs: a path, or a path with its settings."""
    return out if isinstance(out, str) else next(iter(out))


def write(out: str) -> str:
    """A shell command that writes a file, or a folder with one that later stages depend on."""
    file = out if Path(out).suffix else f"{out}/test"
    return f"mkdir -p {Path(file).parent} && echo '{{}}' > {file}"


def repro(stages: list[str]) -> int:
    """Our side; what an earlier round wrote is removed first, in milliseconds."""
    workspace.command("git", "clean", "-xdfq", "--exclude=__pycache__")
    workspace.command("dvc", "repro")
    return len(stages)


def bare(stages: list[str]) -> int:
    """The peer."""
    for name in stages:
        workspace.python(f"import stages.{name}")()
    return len(stages)


ROWS = [
    Row(
        "orchestration",
        "`dvc repro` of seven stages that do no work",
        "the bare Python start of their modules; within 1.5 times its time",
        None,
        0.667,
        against_bare_start,
    )
]
