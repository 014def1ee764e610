"""Files and folders are written completely or not at all."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from convline.runtime.errors import UserError
from convline.runtime.files import fresh_dir, fresh_file, resumable_dir, write_json
from tests.commands import OBEY_PERMISSIONS, REPOSITORY, environment, run_in

KILLED = """
import os, sys
from pathlib import Path
from convline.runtime.files import fresh_dir
with fresh_dir(Path(sys.argv[1])) as folder:
    (folder / "half").touch()
    os._exit(9)
"""


def test_a_fresh_folder_replaces_the_old_one(tmp_path):
    fill(tmp_path / "out", old="1")
    with fresh_dir(tmp_path / "out") as folder:
        (folder / "new").write_text("2")
    assert tree(tmp_path) == {"out/new": "2"}


def test_a_fresh_folder_makes_its_parents(tmp_path):
    with fresh_dir(tmp_path / "a/b/out") as folder:
        (folder / "new").write_text("2")
    assert tree(tmp_path) == {"a/b/out/new": "2"}


@pytest.mark.parametrize("parent", ["/proc/nothing", "a file", "a file/below"])
def test_a_folder_that_cannot_be_created_is_named(tmp_path, monkeypatch, parent):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a file").touch()
    with (
        pytest.raises(UserError, match=f"cannot create the folder '{parent}': "),
        fresh_file(Path(parent, "out.csv")),
    ):
        pass
    assert tree(tmp_path) == {"a file": ""}


def test_a_read_only_folder_is_refused_before_the_work(tmp_path):
    code = "from convline.runtime.files import *; require_writable(Path('.x'), Path('{}/new/x'))"
    (tmp_path / "closed").mkdir(mode=0o555)
    (tmp_path / "open").mkdir()
    for folder, ending in (("open", ""), ("closed", "Permission denied: 'closed/new'\n")):
        command = [*OBEY_PERMISSIONS, sys.executable, "-c", code.format(folder)]
        result = run_in(tmp_path, command, {**environment(), "PYTHONPATH": str(REPOSITORY)})
        assert result.stderr.endswith(ending)
        assert (result.returncode == 0) == (not ending)


def test_the_old_folder_stays_until_the_new_one_is_whole(tmp_path):
    fill(tmp_path / "out", old="1")
    with fresh_dir(tmp_path / "out") as folder:
        (folder / "new").write_text("2")
        assert (tmp_path / "out/old").read_text() == "1"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_when_writing_a_folder_fails_the_old_one_stays(tmp_path, error):
    fill(tmp_path / "out", old="1")
    with pytest.raises(error):
        fail_in(fresh_dir(tmp_path / "out"), error, lambda folder: fill(folder / "deep", new="2"))
    assert tree(tmp_path) == {"out/old": "1"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_leftovers_of_a_killed_run_are_not_in_the_next_folder(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path / "out"], cwd=REPOSITORY, check=False
    )
    assert run.returncode == 9
    assert {path.name for path in tmp_path.rglob("*")} == {
        ".partial-out",
        ".partial-out.lock",
        "half",
    }
    with fresh_dir(tmp_path / "out") as folder:
        (folder / "new").write_text("2")
    assert tree(tmp_path) == {"out/new": "2"}


def test_a_resumable_folder_keeps_what_was_written_before_a_stop(tmp_path):
    fill(tmp_path / "out", old="1")
    for error in (KeyboardInterrupt, SystemExit):
        write = partial(fill, **{error.__name__: "2", ".note": "3"})
        with pytest.raises(error):
            fail_in(resumable_dir(tmp_path / "out", "a"), error, write)
    assert tree(tmp_path / "out") == {"old": "1"}
    with resumable_dir(tmp_path / "out", "a") as folder:
        assert (folder / ".note").read_text() == "3"
        (folder / "new").write_text("4")
    assert tree(tmp_path) == {
        "out/KeyboardInterrupt": "2",
        "out/SystemExit": "2",
        "out/new": "4",
    }


@pytest.mark.parametrize(
    ("error", "digest"), [(KeyboardInterrupt, "of other inputs"), (ValueError, "a")]
)
def test_a_resumable_folder_is_empty_for_other_inputs_and_after_errors(tmp_path, error, digest):
    with pytest.raises(error):
        fail_in(resumable_dir(tmp_path / "out", "a"), error, lambda x: fill(x, half="1"))
    with resumable_dir(tmp_path / "out", digest) as folder:
        (folder / "new").write_text("2")
    assert tree(tmp_path) == {"out/new": "2"}


BOTH = """
import sys, time
from pathlib import Path
from convline.runtime.files import fresh_dir, fresh_file
with {"dir": fresh_dir, "file": fresh_file}[sys.argv[2]](Path(sys.argv[1])) as partial:
    (partial / "new" if sys.argv[2] == "dir" else partial).write_text("1")
    print("writing", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("kind", ["dir", "file"])
@pytest.mark.parametrize("killed", [True, False])
def test_only_one_process_at_a_time_writes_an_output(tmp_path, kind, killed):
    fresh = {"dir": fresh_dir, "file": fresh_file}[kind]
    command = [sys.executable, "-c", BOTH, tmp_path / "out", kind]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=REPOSITORY, **pipes) as other:
        assert other.stdout.readline() == "writing\n"
        with pytest.raises(UserError, match=r"another run is writing .*out; wait"):
            fail_in(fresh(tmp_path / "out"), ValueError, lambda _: None)
        if killed:
            other.kill()
        other.communicate()
    assert (tmp_path / "out").exists() is not killed
    with fresh(tmp_path / "out") as partial:
        (partial / "new" if kind == "dir" else partial).write_text("2")
    assert list(tree(tmp_path).values()) == ["2"]


def test_a_fresh_file_replaces_the_old_one_and_has_the_same_ending(tmp_path):
    (tmp_path / "out.txt").write_text("1")
    with fresh_file(tmp_path / "out.txt") as partial:
        partial.write_text("2")
        assert partial.suffix == ".txt"
        assert (tmp_path / "out.txt").read_text() == "1"
    assert tree(tmp_path) == {"out.txt": "2"}


def test_a_fresh_file_makes_its_parents(tmp_path):
    with fresh_file(tmp_path / "a/b/out.txt") as partial:
        partial.write_text("2")
    assert tree(tmp_path) == {"a/b/out.txt": "2"}


@pytest.mark.parametrize("write", [lambda partial: partial.write_text("2"), lambda _: None])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_when_writing_a_file_fails_the_old_one_stays(tmp_path, error, write):
    (tmp_path / "out.txt").write_text("1")
    with pytest.raises(error):
        fail_in(fresh_file(tmp_path / "out.txt"), error, write)
    assert tree(tmp_path) == {"out.txt": "1"}


@pytest.mark.parametrize("leftover", ["file", "folder"])
def test_leftovers_of_a_killed_run_are_removed(tmp_path, leftover):
    if leftover == "file":
        (tmp_path / ".partial-out.txt").write_text("half")
    else:
        fill(tmp_path / ".partial-out.txt", half="1")
    with fresh_file(tmp_path / "out.txt") as partial:
        assert not partial.exists()
        partial.write_text("2")
    assert tree(tmp_path) == {"out.txt": "2"}


def test_json_has_sorted_keys_and_letters_as_they_are(tmp_path):
    write_json(tmp_path / "a.json", {"b": 1, "a": {"ö": 2, "d": [3]}})
    text = '{\n  "a": {\n    "d": [\n      3\n    ],\n    "ö": 2\n  },\n  "b": 1\n}\n'
    assert (tmp_path / "a.json").read_bytes() == text.encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_json_refuses_nan_and_infinity_and_keeps_the_old_file(tmp_path, value):
    write_json(tmp_path / "a.json", {"old": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"loss": value})
    assert json.loads((tmp_path / "a.json").read_text()) == {"old": 1}
    assert list(tree(tmp_path)) == ["a.json"]


def fail_in(context, error, write):
    with context as partial:
        write(partial)
        raise error


def fill(folder, **files):
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def tree(folder):
    """Return the text of each file below `folder`, hidden ones included."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in files}
