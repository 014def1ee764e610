"""`make setup`: what is installed, and what is checked before."""

import os
import re
import shutil
import subprocess
import tomllib

import pytest

from tests.commands import REPOSITORY, environment, run_in

USER, DEV, GPU, SETUP = (f"requirements{kind}.lock" for kind in ("", "-dev", "-gpu", "-setup"))


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


@pytest.mark.parametrize("lock", [USER, DEV, GPU, SETUP])
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
    for name in ("make", "sh", "awk", "python3", "sed", "head", "touch"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name, path=environment()["PATH"]))
    program(tmp_path, "git", "exit 0")
    program(tmp_path, "df", f"printf 'Filesystem\\nd 0 0 {20 * 10**6} 0 /\\n'")
    return tmp_path


def program(machine, name, script):
    file = machine / "bin" / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def check(machine, *arguments):
    return make(machine, "check", *arguments)


def make(machine, *arguments, **variables):
    unset = {"MAKEFLAGS", "EXTRA", "PYTHONDONTWRITEBYTECODE", "UV_DEFAULT_INDEX"}
    clean = {name: x for name, x in os.environ.items() if name not in unset}
    return run_in(
        machine,
        ["make", "SHELL=sh", *arguments],
        clean | {"PATH": str(machine / "bin"), **variables},
    )


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


RECORD = 'echo "$0 $*" >> commands\n'
SYSTEM_PYTHON = """case "$*" in
  "-m venv --without-pip .venv") mkdir -p .venv/bin; cp bin/venv-python .venv/bin/python
    cp bin/venv-python .venv/bin/python3;;
  "-m pip --python"*) test -n "$SYSTEM_PIP" && cp bin/uv-program .venv/bin/uv;;
esac"""
VENV_PYTHON = """case "$*" in
  "-m ensurepip"*) exit ${ENSUREPIP:-0};;
  "-m pip --python"*) exit 1;;
  "-m pip config list") echo "global.extra-index-url='more'"; echo "$PIP_SETTING";;
  *"-r requirements-setup.lock") test -z "$NO_UV" && cp bin/uv-program .venv/bin/uv;;
esac"""


@pytest.fixture
def fresh(machine):
    """A clone in which `make setup` runs with programs that write down how they were called."""
    (machine / USER).touch()
    (machine / "bin/python3").unlink()
    for name in ("mkdir", "cp"):
        (machine / "bin" / name).symlink_to(shutil.which(name))
    program(machine, "venv-python", RECORD + VENV_PYTHON)
    program(machine, "python3", RECORD + SYSTEM_PYTHON)
    program(
        machine, "uv-program", RECORD + 'test -z "$UV_FAILS" || { echo "no route" >&2; exit 2; }'
    )
    return machine


def test_uv_from_the_lock_file_installs_the_packages(fresh):
    assert setup(fresh) == ""
    pip, *others = installs(fresh)
    assert pip.startswith(".venv/bin/python -m pip install")
    assert pip.endswith("--require-hashes -r requirements-setup.lock")
    assert [x.split(".venv/bin/python ")[1] for x in others] == [
        "--require-hashes -r requirements.lock",
        "--no-deps --no-build-isolation --editable .",
    ]
    assert all(x.startswith(".venv/bin/uv pip install") for x in others)
    before = commands(fresh)
    assert setup(fresh) == ""
    assert commands(fresh) == before  # the second time does nothing


def test_uv_of_the_machine_is_used(fresh):
    shutil.copy(fresh / "bin/uv-program", fresh / "bin/uv")
    assert setup(fresh) == ""
    assert all("bin/uv pip install" in x for x in installs(fresh))


def test_another_python_and_other_packages(fresh):
    (fresh / GPU).touch()
    shutil.copy(fresh / "bin/python3", fresh / "bin/python3.12")
    (fresh / "bin/python3").unlink()
    assert setup(fresh, "PYTHON=python3.12", "EXTRA=gpu") == ""
    assert installs(fresh)[1].endswith("--require-hashes -r requirements-gpu.lock")
    assert (fresh / ".venv/installed-requirements-gpu.lock").exists()


@pytest.mark.parametrize("variables", [{"NO_UV": "1"}, {"UV_FAILS": "1"}])
def test_without_uv_pip_installs_the_same_after_one_message(fresh, variables):
    message = "pip does it, which takes minutes, because uv failed: see .venv/uv.log\n"
    assert setup(fresh, **variables) == message
    by_pip = [x for x in installs(fresh) if x.startswith(".venv/bin/python -m pip install")]
    assert by_pip[-2].endswith("--require-hashes -r requirements.lock")
    assert by_pip[-1].endswith("--no-deps --no-build-isolation --editable .")
    assert ("no route" in (fresh / ".venv/uv.log").read_text()) == ("UV_FAILS" in variables)


@pytest.mark.parametrize(
    ("variables", "index"),
    [
        ({}, ""),
        ({"PIP_SETTING": "global.index-url='mirror/simple'"}, "mirror/simple"),
        ({"PIP_SETTING": ":env:.index-url='a'\nglobal.index-url='b'"}, "a"),
        ({"PIP_SETTING": "global.index-url='b'", "UV_DEFAULT_INDEX": "c"}, "c"),
    ],
)
def test_uv_gets_the_index_that_pip_would_use(fresh, variables, index):
    program(fresh, "uv-program", 'echo "[$UV_DEFAULT_INDEX]" > index')
    assert setup(fresh, **variables) == ""
    assert (fresh / "index").read_text() == f"[{index}]\n"


@pytest.mark.parametrize(("variable", "compiles"), [("", False), ("1", True)])
def test_bytecode_is_compiled_where_python_may_not_write_it(fresh, variable, compiles):
    assert setup(fresh, PYTHONDONTWRITEBYTECODE=variable) == ""
    assert ("--compile-bytecode" in installs(fresh)[1]) == compiles


@pytest.mark.parametrize("has", ["uv", "pip"])
def test_python_without_ensurepip_takes_pip_from_the_lock_file(fresh, has):
    if has == "uv":
        shutil.copy(fresh / "bin/uv-program", fresh / "bin/uv")
    assert setup(fresh, ENSUREPIP="1", SYSTEM_PIP="1") == ""
    assert installs(fresh)[-3].endswith("--require-hashes -r requirements-setup.lock")
    assert installs(fresh)[-2].endswith("--require-hashes -r requirements.lock")


def test_python_without_ensurepip_pip_and_uv_is_one_message(fresh):
    result = make(fresh, "setup", ENSUREPIP="1")
    assert result.returncode != 0
    message, *by_make = result.stderr.splitlines()
    assert message.endswith("on Debian and Ubuntu: sudo apt install python3-venv")
    assert all(re.match(r"make(\[\d+\])?: \*\*\*", x) for x in by_make)


def setup(machine, *arguments, **variables):
    """Run `make setup`; return its messages."""
    result = make(machine, "setup", *arguments, **variables)
    assert result.returncode == 0, result.stderr
    return result.stderr


def installs(machine):
    return [x for x in commands(machine) if "install" in x and "ensurepip" not in x]


def commands(machine):
    text = (machine / "commands").read_text()
    return text.replace(f"{machine}/", "").splitlines()


def test_the_hooks_before_a_commit_use_the_installed_ruff():
    text = (REPOSITORY / ".pre-commit-config.yaml").read_text()
    assert re.findall(r"repo: (.*)", text) == ["local"]
    assert re.findall(r"entry: (\S+ \S+)", text) == [
        ".venv/bin/ruff check",
        ".venv/bin/ruff format",
    ]
