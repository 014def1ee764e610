"""dvc.yaml matches the code: DVC does not follow imports, so a test does."""

import ast
import subprocess
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
from ruamel.yaml import YAML

from convline.params.loading import load_params
from convline.params.schema import Download, Params

PIPELINE = YAML(typ="safe").load(Path("dvc.yaml"))
STAGES = PIPELINE["stages"]
KINDS = get_args(Download.model_fields["kind"].annotation)
# params/ accepts or refuses params.yaml and never changes a value; run times stay outside all
# outputs. A change there must not rerun a stage.
NEVER_CHANGE_A_RESULT = {
    *(str(path) for path in Path("convline/params").glob("*.py")),
    "convline/runtime/run_times.py",
}


@pytest.mark.parametrize("stage", STAGES)
def test_deps_cover_exactly_what_the_stage_imports(stage):
    deps = {dep for dep in STAGES[stage]["deps"] if dep.startswith(("convline", "stages"))}
    wanted = imported(f"stages/{stage}.py")
    if stage == "download":
        wanted |= imported_by_all_sources()
    folders = {dep for dep in deps if not dep.endswith(".py")}
    files = {module for module in wanted if str(Path(module).parent) not in folders}
    assert deps - folders == files
    assert folders == {str(Path(module).parent) for module in wanted - files}


def test_a_folder_in_the_deps_holds_only_files_that_git_tracks():
    folders = {dep for stage in STAGES.values() for dep in stage["deps"]}
    for folder in (Path(dep) for dep in folders if dep.startswith("convline")):
        if folder.suffix == ".py":
            continue
        there = {str(path) for path in folder.rglob("*") if "__pycache__" not in path.parts}
        listed = subprocess.check_output(["git", "ls-files", folder], text=True)
        assert there == set(listed.splitlines())


def test_every_source_kind_has_a_module_of_its_name():
    modules = {path.stem for path in Path("convline/sources").glob("*.py")}
    assert set(KINDS) <= modules


def test_packages_hold_only_a_docstring_and_so_are_no_dependency():
    for package in Path("convline").rglob("__init__.py"):
        assert len(ast.parse(package.read_text()).body) == 1
    # It handles Ctrl-C until a stage runs, and a limit of memory, which changes no result.
    imports = [
        x
        for x in ast.parse(Path("stages/__init__.py").read_text()).body
        if isinstance(x, ast.Import | ast.ImportFrom)
    ]
    assert [x.names[0].name for x in imports] == ["resource", "signal", "sys"]


def test_a_stage_a_module_a_section_and_a_metrics_file_share_each_name():
    sections = [name for name in Params.model_fields if name not in {"seed", "runtime"}]
    assert list(STAGES) == sections
    for name, stage in STAGES.items():
        assert stage["cmd"] == f"python -m stages.{name}"
        assert stage["desc"]
        assert name in stage["params"]
        assert {f"metrics/{name}.json": {"cache": False}} in stage["metrics"]


def test_the_artifact_is_an_output_of_evaluate():
    assert PIPELINE["artifacts"]["classifier"]["path"] in STAGES["evaluate"]["outs"]


def test_stages_that_use_the_seed_depend_on_it():
    for name, stage in STAGES.items():
        source = Path(f"stages/{name}.py").read_text()
        uses = "params.seed" in source
        assert ("seed" in stage["params"]) == uses


@pytest.mark.parametrize("stage", ["download", "organize"])
def test_light_stages_do_not_import_tensorflow(stage):
    modules = imported(f"stages/{stage}.py") | imported_by_all_sources()
    for module in modules:
        names = {name.split(".")[0] for name in external(module)}
        # Its data sets come with it.
        allowed = {"keras"} if module == "convline/sources/keras.py" else set()
        assert not names & {"tensorflow", "keras", "dvclive"} - allowed, module


def test_the_committed_params_are_valid():
    load_params()


@cache
def imported(module: str) -> frozenset[str]:
    """`module` and all modules of this project that it imports, at any depth and in functions."""
    if module in NEVER_CHANGE_A_RESULT:
        return frozenset()
    found = {module}
    for name in sorted(external(module)):
        path = Path(*name.split(".")).with_suffix(".py")
        if path.is_file():
            found |= imported(str(path))
    return frozenset(found)


def imported_by_all_sources() -> set[str]:
    kinds = {f"convline/sources/{kind}.py" for kind in KINDS}
    return kinds.union(*(imported(kind) for kind in kinds))


@cache
def external(module: str) -> frozenset[str]:
    """Dotted names of everything that `module` imports."""
    names = set()
    for node in ast.walk(ast.parse(Path(module).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(names)
