"""A report about a made-up run, shared by the tests of this folder."""

import pytest

from convline.cli.report import PAGE
from tests.commands import convline
from tests.made_run import EVIL, write_run


@pytest.fixture(scope="session")
def evil(tmp_path_factory):
    """A repository whose two class names look like HTML."""
    folder = tmp_path_factory.mktemp("evil")
    write_run(folder, EVIL)
    return folder


@pytest.fixture(scope="session")
def page(evil):
    """The page about it, and the finished command."""
    result = convline(evil, "report")
    assert result.returncode == 0, result.stderr
    return (evil / PAGE).read_text(encoding="utf-8"), result
