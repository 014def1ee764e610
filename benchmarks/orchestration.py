"""The overhead of DVC: `dvc repro` of seven stages without work, against starting their modules.

Our side is the pipeline's dvc.yaml with its deps, params and outs, but each stage only imports its
module and writes outputs of a few bytes. The peer runs `python -c "import stages.<name>"` for the
seven, one after the other.
"""

import shutil
from contextlib import chdir
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from benchmarks import workspace
from benchmarks.harness import Result, Row, in_turn

DVC_YAML = Path("dvc.yaml")
ROUNDS = 1


def against_bare_start() -> Result:
    """Measure the row."""
    folder = Path("orchestration")
    workspace.copy_repository(folder)
    with chdir(folder):
        stages = without_work()
        workspace.module("compileall", "-q", "convline", "stages")
        timing = in_turn(lambda: repro(stages), lambda: bare(stages), ROUNDS, warm_up=False)
    shutil.rmtree(folder)
    return Result(timing)


def without_work() -> list[str]:
    """Make each stage of dvc.yaml only import its module and write small outputs; return names."""
    yaml = YAML()
    content = yaml.load(DVC_YAML)
    for name, stage in content["stages"].items():
        kinds = ("outs", "metrics", "plots")
        outs = [path_of(out) for kind in kinds for out in stage.get(kind, [])]
        stage["cmd"] = [f"python -c 'import stages.{name}'", *map(write, outs)]
    yaml.dump(content, DVC_YAML)
    return list(content["stages"])


def path_of(out: Any) -> str:
    """Return the path of an entry of outs in dvc.yaml, which may have settings."""
    return out if isinstance(out, str) else next(iter(out))


def write(out: str) -> str:
    """Return a shell command that writes a file, or a folder with a file for later stages."""
    file = out if Path(out).suffix else f"{out}/test"
    return f"mkdir -p {Path(file).parent} && echo '{{}}' > {file}"


def repro(stages: list[str]) -> int:
    """Run our side, after removing the outputs of the round before (milliseconds)."""
    workspace.command("git", "clean", "-xdfq", "--exclude=__pycache__")
    workspace.command("dvc", "repro")
    return len(stages)


def bare(stages: list[str]) -> int:
    """Run the peer."""
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
