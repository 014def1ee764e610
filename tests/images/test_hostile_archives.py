"""Archives that expand without end are refused by `stages.download` at its default limits."""

import io
import re
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from convline.params import presets
from tests.commands import REPOSITORY, environment, run_in

GIB = 2**30
# Not `ru_maxrss`, which counts the process that started this one.
PEAK = """
import atexit, pathlib, re, runpy
def peak():
    status = pathlib.Path("/proc/self/status").read_text()
    print(int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) // 1024)
atexit.register(peak)
runpy.run_module("stages.download", run_name="__main__", alter_sys=True)
"""

pytestmark = pytest.mark.slow


def test_zeros_in_a_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("cat/1.jpg", b"x")
        with packed.open("readme.txt", "w", force_zip64=True) as file:
            write_zeros(file, 4 * GIB)
    assert_refused(tmp_path / "bomb.zip")


def test_zeros_in_a_tar(tmp_path):
    with tarfile.open(tmp_path / "bomb.tar.gz", "w:gz", compresslevel=9) as packed:
        info = tarfile.TarInfo("readme.txt")
        info.size = 4 * GIB
        packed.addfile(info, Zeros(info.size))
    assert_refused(tmp_path / "bomb.tar.gz")


def test_five_levels_of_sixteen_archives(tmp_path):
    packed = pack({"0.txt": bytes(100_000_000)})
    for _ in range(5):
        packed = pack({f"{i}.zip": packed for i in range(16)})
    (tmp_path / "bomb.zip").write_bytes(packed)
    assert_refused(tmp_path / "bomb.zip")


def test_members_that_share_their_bytes(tmp_path):
    """As in the zip bombs of David Fifield, "A better zip bomb", WOOT 2019."""
    (tmp_path / "bomb.zip").write_bytes(overlapping(members=2000, size=2**26))
    assert_refused(tmp_path / "bomb.zip", "Overlapped|expands to more than")


def assert_refused(archive: Path, why: str = "expands to more than") -> None:
    repository = archive.parent / "repository"
    repository.mkdir()
    values = ["download.kind=archive", f"download.path={archive}"]
    (repository / "params.yaml").write_text(presets.render("default", values))
    command = [sys.executable, "-c", PEAK]
    variables = {**environment(), "PYTHONPATH": str(REPOSITORY)}
    result = run_in(repository, command, variables)
    (message,) = result.stderr.splitlines()
    assert re.match(rf"stages.download: download\.path: {archive} .*({why})", message)
    assert int(result.stdout) < 300  # MB
    assert not list(repository.glob("data/raw*"))


def pack(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return buffer.getvalue()


def write_zeros(file, size: int) -> None:
    for _ in range(size // 2**24):
        file.write(bytes(2**24))


class Zeros(io.RawIOBase):
    """A stream of zeros."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1) -> bytes:
        given = min(size, self.left)
        self.left -= given
        return bytes(given)


def overlapping(members: int, size: int) -> bytes:
    """Return a zip whose members all use the bytes of the first one."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        packed.writestr("0.txt", bytes(size))
        packed.filelist *= members
    return buffer.getvalue()
