"""A dvc.lock that a kill cut off is reported with the remedy."""

import pytest

from convline.runtime import paths
from convline.runtime.dvc_lock import check_dvc_lock
from convline.runtime.errors import UserError
from tests.commands import REPOSITORY

LOCK = (REPOSITORY / paths.DVC_LOCK).read_text("utf-8")


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("lines", [None, LOCK.count("\n")])
def test_a_whole_lock_or_none_is_valid(lines):
    if lines is not None:
        paths.DVC_LOCK.write_text("".join(LOCK.splitlines(keepends=True)[:lines]), "utf-8")
    check_dvc_lock()


@pytest.mark.parametrize("end", ["", "    - path: data/raw\n", "md5: '1"])
def test_a_lock_that_is_cut_off_is_reported(end):
    paths.DVC_LOCK.write_text(LOCK[: LOCK.index("  download:")] + end, "utf-8")
    with pytest.raises(UserError, match=r"dvc\.lock is cut off .* run `git checkout dvc\.lock`"):
        check_dvc_lock()
