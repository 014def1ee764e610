"""Describe where the images come from: what a source reports, and `data/raw/source.json`."""

import json
from dataclasses import dataclass
from pathlib import Path

from convline.runtime import paths
from convline.runtime.errors import UserError


@dataclass(frozen=True)
class Provenance:
    """Facts about the archive that a source wrote.

    Attributes:
        file: the archive's name in data/raw.
        name: the data set's name at its origin.
        version: version of the data set, if its origin counts versions.
        licence: terms of use, if its origin states them.
    """

    file: str
    name: str
    version: str | None = None
    licence: str | None = None


@dataclass(frozen=True)
class Source:
    """The archive in data/raw, as `source.json` describes it.

    Attributes:
        archive: path of the archive.
        kind: `download.kind` of the run that fetched it.
        names: the values of `download.name` that mean it.
        competition: name of the Kaggle competition that it comes from, if any.
    """

    archive: Path
    kind: str
    names: tuple[str | None, ...]
    competition: str | None


def read_source() -> Source:
    """Read `data/raw/source.json`.

    Raises:
        UserError: the download stage has not run.
    """
    try:
        source = json.loads(paths.SOURCE.read_text(encoding="utf-8"))
    except FileNotFoundError:
        how = "run `dvc repro download`, or `dvc pull` if a remote has the data"
        raise UserError(f"{paths.SOURCE} does not exist; {how}") from None
    kind, name, version = source["kind"], source["name"], source["version"]
    names = (None,) if kind in {"archive", "digits"} else (name, f"{name}/{version}")
    competition = name if kind == "kaggle_competition" else None
    return Source(paths.RAW / source["file"], kind, names, competition)
