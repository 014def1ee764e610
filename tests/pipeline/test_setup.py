"""`make setup`: what is installed, and what is checked before."""

import os
import re
import shutil
import subprocess
import tomllib

import pytest

from tests.commands import REPOSITORY, environment, run_in

USER, DEV, GPU = (f"requirements{kind}.lock" for kind in ("", "-dev", "-gpu"))


def pins(lock):
    """The version of each package."""
    text = (REPOSITORY / lock).read_text()
    return dict(re.findall(r"^([\w.-]+)(?:\[.*?\])?==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize("lock", [DEV, GPU])
def test_the_lock_files_have_the_same_version_of_each_package(lock):
    user, other = pins(USER), pins(lock)
    common = user.keys() & other.keys()
    assert len(common) > 30
    assert {name: other[name] for name in common} == {name: user[name] for name in common}


def test_a_user_gets_no_packages_of_developers():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    names = {re.match(r"[\w-]+", x).group() for x in project["dependency-groups"]["dev"]}
    assert not names & pins(USER).keys()
    assert names <= pins(DEV).keys()


def test_the_build_backend_is_in_the_lock_file():
    assert "setuptools" in pins(USER)


@pytest.mark.parametrize("lock", [USER, DEV, GPU])
def test_each_package_is_pinned_by_hashes_and_no_address_is_recorded(lock):
    text = (REPOSITORY / lock).read_text()
    assert "://" not in text
    packages = re.split(r"^(?=[\w.-]+(?:\[.*?\])?==)", text, flags=re.MULTILINE)[1:]
    assert [x.split("\n")[0] for x in packages if "--hash=sha256:" not in x] == []


@pytest.fixture
def machine(tmp_path):
    """A clone in which `make check` runs, and a folder whose programs come first."""
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "bin").mkdir()
    for name in ("make", "sh", "awk", "python3"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name, path=environment()["PATH"]))
    program(tmp_path, "git", "exit 0")
    program(tmp_path, "df", f"printf 'Filesystem\\nd 0 0 {20 * 10**6} 0 /\\n'")
    return tmp_path


def program(machine, name, script):
    file = machine / "bin" / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def check(machine, *arguments):
    clean = {name: x for name, x in os.environ.items() if name not in {"MAKEFLAGS", "EXTRA"}}
    variables = clean | {"PATH": str(machine / "bin")}
    return run_in(machine, ["make", "check", "SHELL=sh", *arguments], variables)


def test_a_machine_that_has_everything_passes(machine):
    result = check(machine)
    assert (result.returncode, result.stderr) == (0, "")


def test_without_git_it_is_one_message(machine):
    (machine / "bin/git").unlink()
    assert "Git is not installed, and DVC needs it" in refused(machine)


def test_a_downloaded_zip_is_one_message(machine):
    (machine / ".git").rmdir()
    message = refused(machine)
    assert 'not a Git repository (GitHub\'s "Download ZIP" is not one)' in message
    assert "  git init && git add -A && git commit -m start\n" in message


@pytest.mark.parametrize("python", ["exit 1", None])
def test_another_python_is_one_message(machine, python):
    (machine / "bin/python3").unlink()
    if python:
        program(machine, "python3", python)
    message = refused(machine)
    assert "Python 3.11 to 3.13 is needed, and python3 is not one of them" in message
    assert "try: make PYTHON=python3.12" in message


@pytest.mark.parametrize(("free", "extra", "needed"), [(5, "", 6), (13, "gpu", 14)])
def test_a_full_disk_is_one_message(machine, free, extra, needed):
    program(machine, "df", f"printf 'Filesystem\\nd 0 0 {free * 10**6} 0 /\\n'")
    message = refused(machine, f"EXTRA={extra}")
    assert f"{needed} GB of free disk space are needed" in message


def refused(machine, *arguments):
    result = check(machine, *arguments)
    assert result.returncode != 0
    return result.stderr


def test_setup_checks_before_it_installs(tmp_path):
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    (tmp_path / USER).touch()
    result = subprocess.run(
        ["make", "setup"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode != 0
    assert "not a Git repository" in result.stderr
    assert not (tmp_path / ".venv").exists()


def test_the_hooks_before_a_commit_use_the_installed_ruff():
    text = (REPOSITORY / ".pre-commit-config.yaml").read_text()
    assert re.findall(r"repo: (.*)", text) == ["local"]
    assert re.findall(r"entry: (\S+ \S+)", text) == [
        ".venv/bin/ruff check",
        ".venv/bin/ruff format",
    ]
