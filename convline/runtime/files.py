"""Write files and folders that are complete or absent: written aside, then renamed."""

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from convline.runtime.errors import UserError


@contextmanager
def fresh_dir(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path` that replaces it if the block succeeds.

    If the block raises, the new folder is removed and the old one stays.

    Raises:
        UserError: another process writes `path` at this moment.
    """
    with scratch_dir(path) as partial:
        yield partial
        shutil.rmtree(path, ignore_errors=True)
        partial.rename(path)


@contextmanager
def resumable_dir(path: Path, digest: str) -> Iterator[Path]:
    """As `fresh_dir`; after a kill or Ctrl-C, the next run finds the files in the folder again.

    Files whose names start with a dot are notes for that run and are removed in the end.

    Args:
        path: the folder to write.
        digest: of everything that its files depend on; another one starts with an empty folder.

    Raises:
        UserError: as `fresh_dir`.
    """
    partial = path.with_name(f".partial-{path.name}")
    note = partial / ".inputs"
    with _locked(path):
        try:
            if note.is_file() and note.read_text(encoding="utf-8") == digest:
                print(f"{path}: continues a run that was stopped")
            else:
                if partial.exists():
                    print(f"{path}: a run that was stopped had other inputs; this one starts again")
                _remove(partial)
                partial.mkdir()
                note.write_text(digest, encoding="utf-8")
            yield partial
        except Exception:
            _remove(partial)
            raise
        for file in partial.rglob(".*"):
            file.unlink()
        shutil.rmtree(path, ignore_errors=True)
        partial.rename(path)


@contextmanager
def scratch_dir(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path`, `.partial-<name>`, that is removed in any case.

    Raises:
        UserError: as `fresh_dir`.
    """
    with _locked(path), _partial(path) as partial:
        partial.mkdir()
        yield partial


@contextmanager
def fresh_file(path: Path) -> Iterator[Path]:
    """Yield a new path beside `path`, with its suffix, that replaces it if the block succeeds.

    Raises:
        UserError: as `fresh_dir`.
    """
    with _locked(path), _partial(path) as partial:
        yield partial
        partial.replace(path)


def sync(file: IO[bytes]) -> None:
    """Wait until what was written is on the disk, so that a power failure keeps it."""
    file.flush()
    os.fsync(file.fileno())


def require_writable(*files: Path) -> None:
    """Check that files can be written, before hours of work whose results they store.

    Raises:
        PermissionError: the nearest existing folder of one of them is read-only.
    """
    for file in files:
        folder = next(parent for parent in file.absolute().parents if parent.exists())
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file.parent))


def write_json(path: Path, content: Any) -> None:
    """Write JSON with sorted keys, so that Git diffs are small.

    Raises:
        ValueError: `content` contains a NaN or an infinity, which JSON does not have.
    """
    with fresh_file(path) as partial:
        text = json.dumps(content, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False)
        partial.write_text(text + "\n", encoding="utf-8")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Lock an output; the system releases the lock of a process that was killed."""
    lock = path.with_name(f".partial-{path.name}.lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
    except (FileNotFoundError, FileExistsError, NotADirectoryError) as error:
        raise UserError(f"cannot create the folder '{lock.parent}': {error.strerror}") from None
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Another process may have finished, and removed the file, since it was opened.
            mine = lock.stat().st_ino == os.fstat(file.fileno()).st_ino
        except (BlockingIOError, FileNotFoundError):
            mine = False
        if not mine:
            raise UserError(f"another run is writing {path}; wait until it has finished")
        try:
            yield
        finally:
            lock.unlink()


@contextmanager
def _partial(path: Path) -> Iterator[Path]:
    """Yield an unused name beside `path`; remove what is there before and after the block."""
    partial = path.with_name(f".partial-{path.name}")
    try:
        _remove(partial)
        yield partial
    finally:
        _remove(partial)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
