"""The `convline` command: its help, its version, and which repository it works in."""

import re
import shlex
import subprocess
import time

import pytest
from click.testing import CliRunner

from convline.cli.command_group import NAMES
from convline.cli.command_group import convline as group
from tests.commands import CONVLINE, REPOSITORY, convline, dvc, environment, make_repository, run_in


def test_help_lists_each_command_with_one_line_and_imports_nothing_slow():
    code = (
        "import sys; from convline.__main__ import main\ntry: main()\nfinally: print(*sys.modules)"
    )
    command = [CONVLINE[0], "-c", code, "--help"]
    times = []
    for _ in range(3):
        start = time.monotonic()
        result = run_in(REPOSITORY, command, environment())
        times.append(time.monotonic() - start)
    *_, modules = result.stdout.splitlines()
    assert re.findall(r"^  (\w+)  .*\.$", result.stdout, re.MULTILINE) == list(NAMES)
    slow = {"tensorflow", "keras", "pandas", "numpy", "dvc", "aiohttp", "pydantic"}
    assert not slow.intersection(modules.split())
    assert min(times) < 3  # 0.15 s on an idle machine


@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_a_command_has_an_example_and_describes_each_option(name):
    result = CliRunner().invoke(group, [name, "--help"], prog_name="convline")
    assert result.exit_code == 0
    assert f"\n    convline {name}" in result.output
    command = group.commands[name].make_context(name, [], resilient_parsing=True).command
    assert [param.name for param in command.params if not param.help] == []


def test_a_command_that_does_not_exist_is_one_message():
    result = CliRunner().invoke(group, ["predcit"], prog_name="convline")
    assert result.exit_code == 2
    assert "No such command 'predcit'" in result.output


def test_version_is_that_of_the_project_with_the_commit():
    commit = subprocess.check_output(["git", "rev-parse", "--short=7", "HEAD"], text=True).strip()
    result = CliRunner().invoke(group, ["--version"], prog_name="convline")
    assert re.fullmatch(rf"convline \d+\.\d+\.\d+ \(commit {commit}\)\n", result.output)


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("export", ["--formats", "onnx", "litert"], {"formats": ("onnx", "litert")}),
        ("results", ["lenet5", "--seeds", "1", "2"], {"preset": "lenet5", "seeds": (1, 2)}),
        ("experiments", ["--where", "a=1", "b"], {"where": ("a=1",), "params": ("b",)}),
    ],
)
def test_only_options_that_show_dots_take_several_values(name, arguments, expected):
    found = group.commands[name].make_context(name, arguments).params
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("words", "completed"),
    [("convline pre", {"preset", "predict"}), ("convline predict --b", {"--batch-size"})],
)
def test_the_shell_completes_commands_and_options(words, completed):
    variables = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    result = convline(REPOSITORY, _CONVLINE_COMPLETE="bash_complete", **variables)
    assert {line.split(",")[1] for line in result.stdout.splitlines()} == completed


def test_outside_a_repository_it_is_one_message(tmp_path):
    result = convline(tmp_path, "preset")
    assert result.returncode == 1
    assert result.stderr == (
        f"convline preset: {tmp_path} is not inside a Convline repository (a folder with dvc.yaml "
        "and params.yaml); change into your clone\n"
    )
    assert convline(tmp_path, "preset", "--help").returncode == 0


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """Another clone, whose code differs from that of this repository."""
    folder = make_repository(tmp_path_factory.mktemp("clones") / "a clone: the second")
    mark(folder, "the second clone")
    return folder


def mark(folder, text):
    """Make `convline preset` of a repository print a text of its own."""
    file = folder / "convline/params/presets.py"
    file.write_text(file.read_text() + f"\n\ndef list_presets() -> str:\n    return {text!r}\n")


@pytest.mark.parametrize("place", [".", "docs", "convline/cli"])
def test_the_code_of_the_clone_around_the_working_folder_runs(clone, place):
    variables = {"PYTHONPATH": str(REPOSITORY), "PYTHONSAFEPATH": "1"}
    result = run_in(clone / place, [*CONVLINE, "preset"], {**environment(), **variables})
    assert result.stdout == "the second clone\n", result.stderr


def test_a_link_to_the_same_code_does_not_start_it_again_and_again(tmp_path):
    for name in ("dvc.yaml", "params.yaml", "presets", "convline"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    assert "dogs-vs-cats" in convline(tmp_path, "preset", PYTHONPATH=str(REPOSITORY)).stdout


def test_paths_are_relative_to_the_folder_of_the_user(clone):
    folder = clone / "docs"
    result = convline(folder, "explain", "photo.jpg")
    assert f"{folder}/photo.jpg cannot be read: No such file" in result.stderr
    (folder / "photo.jpg").write_bytes(b"not an image")
    result = convline(folder, "explain", "photo.jpg", "-o", "data.md/page.html")
    assert f"{folder}/photo.jpg" not in result.stderr
    # Defaults are relative to the root.
    result = convline(folder, "predict", "photo.jpg")
    assert "there is no models/classifier.keras" in result.stderr


def test_a_file_whose_name_starts_with_a_tilde_is_not_a_home_folder(clone):
    result = convline(clone, "explain", "~draft.png")
    assert result.stderr == (
        "convline explain: ~draft.png cannot be read: No such file or directory; "
        "pass one image file\n"
    )


def test_an_experiment_of_the_queue_runs_its_own_code(tmp_path):
    folder = tmp_path / "repository"
    folder.mkdir()
    make_repository(folder)
    stage = f"{shlex.join(CONVLINE)} preset > printed.txt"
    (folder / "dvc.yaml").write_text(
        f"stages:\n  show:\n    cmd: {stage}\n    deps: [convline]\n    params: [seed]\n"
        "    outs: [printed.txt]\n"
    )
    mark(folder, "the queued code")
    dvc(folder, "exp", "run", "--queue", "-n", "queued", "-S", "seed=3")
    mark(folder, "the code after queueing")
    variables = {**environment(), "PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"}
    result = run_in(folder, ["dvc", "exp", "run", "--run-all"], variables)
    assert result.returncode == 0, result.stderr
    dvc(folder, "exp", "apply", "queued")
    assert (folder / "printed.txt").read_text() == "the queued code\n"
