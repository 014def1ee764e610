"""Where nothing can be written, stages and commands end in one message and lose nothing."""

import sys
from contextlib import contextmanager

import pytest

from tests.commands import CONVLINE, OBEY_PERMISSIONS, dvc, environment, make_repository, run_in
from tests.pipeline.test_default_run import SHRUNK, STAGES

FOLDERS = ["data", "models", "metrics", "."]
WRITES = {
    "data": {"download", "organize", "preprocess", "extract", "evaluate"},
    "models": {"train", "train_head", "evaluate"},
    "metrics": set(STAGES),
    ".": set(),
}
COMMANDS = {
    "preset": ["preset", "lenet5"],
    "report": ["report"],
    "explain": ["explain", "photo.png"],
    "export": ["export", "--formats", "onnx"],
    "compare": ["compare", "HEAD"],
    "predict": ["predict", "photo.png", "--csv", "new/out.csv"],
}
NOWHERE = [
    ["report", "-o", "/proc/x/report.html"],
    ["explain", "photo.png", "-o", "/proc/x/page.html"],
    ["export", "-o", "/proc/x/y"],
    ["predict", "photo.png", "--csv", "/proc/x/out.csv"],
]

# Python cuts off the bytecode of a module at the largest file size, and cannot load it any more.
WITHOUT_BYTECODE = {**environment(), "PYTHONDONTWRITEBYTECODE": "1"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    folder = make_repository(tmp_path_factory.mktemp("repository"), "default", *SHRUNK)
    dvc(folder, "repro")
    image = next((folder / "data/organized/test").rglob("*.png"))
    (folder / "photo.png").write_bytes(image.read_bytes())
    run_in(folder, ["git", "add", "-A"], environment())
    run_in(folder, ["git", "commit", "-qm", "run"], environment())
    return folder


@pytest.fixture(autouse=True)
def undone(repository):
    yield
    run_in(repository, ["git", "checkout", "-q", "."], environment())
    assert not list(repository.rglob(".partial-*"))


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("folder", FOLDERS)
def test_a_stage_with_a_read_only_folder(repository, stage, folder):
    with read_only(repository / folder):
        result = obeying(repository, sys.executable, "-m", f"stages.{stage}")
    if stage not in WRITES[folder]:
        assert result.returncode == 0, result.stderr
        return
    assert_message(result, f"stages.{stage}: no permission to ")
    assert result.stderr.splitlines()[-1].split("'")[1].startswith((folder, str(repository)))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_in_a_read_only_repository(repository, command):
    with read_only(repository):
        result = obeying(repository, *CONVLINE, *COMMANDS[command])
    assert_message(result, f"convline {command}: no permission to ", "cannot write to ")


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_beyond_the_largest_file(repository, stage):
    result = run_in(repository, [*small_files(), "-m", f"stages.{stage}"], WITHOUT_BYTECODE)
    database = f"stages.{stage}: DVC cannot write its database. "
    assert_message(result, f"stages.{stage}: a file is larger than this system allows", database)


@pytest.mark.parametrize("command", ["preset", "report", "explain", "export"])
def test_a_command_beyond_the_largest_file(repository, command):
    result = run_in(
        repository, [*small_files(), "-m", "convline", *COMMANDS[command]], WITHOUT_BYTECODE
    )
    assert_message(result, f"convline {command}: a file is larger than", "File too large")


@pytest.mark.parametrize("command", NOWHERE, ids=lambda command: command[0])
def test_an_output_where_no_folder_can_be_created(repository, command):
    result = run_in(repository, [*CONVLINE, *command], environment())
    assert_message(result, f"convline {command[0]}: cannot create the folder '/proc/x")


def obeying(repository, *command):
    return run_in(repository, [*OBEY_PERMISSIONS, *command], environment())


def small_files():
    return ["prlimit", "--fsize=3000", sys.executable]


@contextmanager
def read_only(folder):
    mode = folder.stat().st_mode
    folder.chmod(0o555)
    try:
        yield
    finally:
        folder.chmod(mode)


def assert_message(result, *starts):
    assert result.returncode not in {0, -11, 134}, result.stdout
    assert "Traceback" not in result.stderr
    assert any(start in result.stderr.splitlines()[-1] for start in starts), result.stderr
