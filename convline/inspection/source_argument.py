"""Translate the argument SOURCE of `convline init` into the section `download`, and open it."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from convline.params.schema import Download
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.files import scratch_dir
from convline.sources import archive
from convline.sources.provenance import read_source

FORMS = "a path, digits, keras:NAME, kaggle:COMPETITION or kaggle:OWNER/NAME"


def download_params(source: str, folder: Path) -> dict[str, Any]:
    """Return `download.kind`, `name` and `path` for a source.

    Args:
        source: `digits`, `keras:cifar10`, `kaggle:dogs-vs-cats` (a competition),
            `kaggle:owner/name` (a data set), or the path of an archive or a folder; `./digits` is
            a folder.
        folder: what a relative path is relative to.

    Raises:
        UserError: the source is empty.
    """
    origin, colon, name = source.partition(":")
    if not source.strip():
        raise UserError(f"the source is empty; expected {FORMS}")
    if source == "digits":
        return {"kind": "digits", "name": None, "path": None}
    if colon and origin in {"keras", "kaggle"}:
        kaggle = "kaggle_dataset" if "/" in name else "kaggle_competition"
        return {"kind": kaggle if origin == "kaggle" else "keras", "name": name, "path": None}
    path = paths.expand_home(source)
    # Absolute: DVC runs queued experiments in a copy of the repository.
    return {"kind": "archive", "name": None, "path": str((folder / path).absolute())}


def is_here(download: Download) -> bool:
    """Return True if the images can be read without a download."""
    return download.kind == "archive" or _downloaded(download) is not None


@contextmanager
def open_source(download: Download) -> Iterator[Path]:
    """Yield the archive or folder with the images, which is not changed.

    The archive of an earlier `dvc repro download` is used where it is; otherwise a source other
    than a path is downloaded into a temporary folder.

    Raises:
        UserError: there is nothing at the path, or the download fails.
    """
    if download.kind == "archive":
        path = paths.expand_home(download.path or "")
        with archive.explained(path):
            if not path.exists():
                raise FileNotFoundError(None, None, str(path))
            yield path
    elif there := _downloaded(download):
        yield there
    else:
        paths.DATA.mkdir(exist_ok=True)
        with scratch_dir(paths.DATA / "inspected") as folder:
            source = importlib.import_module(f"convline.sources.{download.kind}")
            yield folder / source.fetch(download, into=folder).file


def _downloaded(download: Download) -> Path | None:
    """Return the archive in data/raw, if it comes from this source."""
    try:
        source = read_source()
    except UserError:
        return None
    same = source.kind == download.kind and download.name in source.names
    return source.archive if same and source.archive.exists() else None
