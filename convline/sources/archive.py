"""The user's own images: a zip, a tar (plain, gzip, bzip2, xz) or a folder, anywhere on disk."""

import os
import shutil
import zipfile
from pathlib import Path

from convline.images.zip_names import utf8_name
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
    try:
        if source.is_dir():
            file = f"{source.resolve().name}.zip"
            _pack(source, into / file)
        elif source.exists() and not source.is_file():
            # A pipe would wait forever, and /dev/zero would fill the disk.
            raise UserError(f"download.path: '{source}' is neither a file nor a folder")
        else:
            file = "archive.json" if source.name == paths.SOURCE.name else source.name
            shutil.copyfile(source, into / file)
    except FileNotFoundError as error:
        if Path(error.filename) != source:
            raise UserError(f"download.path: '{error.filename}' is a broken link") from None
        raise UserError(_nothing_at(source)) from None
    except PermissionError as error:
        raise UserError(f"download.path: no permission to read {error.filename}") from None
    return Provenance(file=file, name=file)


def _pack(folder: Path, archive: Path) -> None:
    """Store all files of `folder` without dates, so that equal folders become equal archives."""
    with zipfile.ZipFile(archive, "w") as packed:
        for parent, folders, files in os.walk(folder, onerror=_raise, followlinks=True):
            folders.sort()
            _refuse_loops(Path(parent).resolve(), folders)
            for file in sorted(files):
                path = Path(parent, file)
                if path.exists() and not path.is_file():
                    raise UserError(f"download.path: '{path}' is neither a file nor a folder")
                info = zipfile.ZipInfo(utf8_name(str(path.relative_to(folder))))
                info.file_size = path.stat().st_size
                with path.open("rb") as stream, packed.open(info, "w") as member:
                    shutil.copyfileobj(stream, member)


def _refuse_loops(parent: Path, folders: list[str]) -> None:
    for folder in folders:
        if (parent / folder).resolve() in {parent, *parent.parents}:
            link = parent / folder
            raise UserError(
                f"download.path: the link '{link}' leads back to a folder that contains it"
            )


def _raise(error: OSError) -> None:
    raise error


def _nothing_at(source: Path) -> str:
    message = f"download.path: there is nothing at '{source}'"
    if source.is_absolute():
        return message
    # DVC runs queued experiments in a copy of the repository, where `../images` leads elsewhere.
    return f"{message} from {Path.cwd()}; an absolute path is valid in every folder"
