"""A checkout has the committed bytes, also where Git is set up to convert line ends."""

import subprocess

from tests.commands import environment, make_repository


def test_a_checkout_has_the_committed_bytes(tmp_path):
    repository = make_repository(tmp_path / "repository", "default")
    clone = ["clone", "--quiet", str(repository), str(tmp_path / "clone")]
    git(tmp_path, "-c", "core.autocrlf=true", *clone)
    names = git(repository, "ls-files", "-z").split("\0")[:-1]
    changed = [
        name
        for name in names
        if (tmp_path / "clone" / name).read_bytes() != (repository / name).read_bytes()
    ]
    assert len(names) > 200
    assert changed == []


def git(folder, *arguments):
    return subprocess.check_output(["git", *arguments], cwd=folder, env=environment(), text=True)
