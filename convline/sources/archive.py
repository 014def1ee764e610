"""The user's own images: a zip, a tar (plain, gzip, bzip2, xz) or a folder, anywhere on disk."""

import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from convline.images.archive_members import folder_members
from convline.params.schema import Download
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.sources.provenance import Provenance


def fetch(download: Download, into: Path) -> Provenance:
    """Copy the archive unchanged, or pack the folder into a zip, files in order of name.

    Raises:
        UserError: there is nothing at `download.path`, or it cannot be read.
    """
    source = paths.expand_home(download.path or "")
    with explained(source):
        if source.is_dir():
            file = f"{source.resolve().name}.zip"
            _pack(source, into / file)
        else:
            file = "archive.json" if source.name == paths.SOURCE.name else source.name
            shutil.copyfile(source, into / file)
    return Provenance(file=file, name=file)


@contextmanager
def explained(source: Path) -> Iterator[None]:
    """Raise a UserError for a source that is missing or cannot be read."""
    try:
        if source.exists() and not source.is_file() and not source.is_dir():
            # A pipe would wait forever, and /dev/zero would fill the disk.
            raise UserError(f"download.path: '{source}' is neither a file nor a folder")
        yield
    except FileNotFoundError as error:
        if Path(error.filename) != source:
            raise UserError(f"download.path: '{error.filename}' is a broken link") from None
        raise UserError(_nothing_at(source)) from None
    except PermissionError as error:
        raise UserError(f"download.path: no permission to read {error.filename}") from None


def _pack(folder: Path, archive: Path) -> None:
    """Store all files of `folder` without dates, so that equal folders become equal archives."""
    with zipfile.ZipFile(archive, "w") as packed:
        for file in folder_members(folder):
            info = zipfile.ZipInfo(file.name)
            info.file_size = file.size
            with file.open() as stream, packed.open(info, "w") as member:
                shutil.copyfileobj(stream, member)


def _nothing_at(source: Path) -> str:
    message = f"download.path: there is nothing at '{source}'"
    if source.is_absolute():
        return message
    # DVC runs queued experiments in a copy of the repository, where `../images` leads elsewhere.
    return f"{message} from {Path.cwd()}; an absolute path is valid in every folder"
