"""A competition on Kaggle, all its files in one zip; its rules must be accepted there first."""

from pathlib import Path

from convline.params.schema import Download
from convline.sources import kaggle_client
from convline.sources.provenance import Provenance


def fetch(download: Download, into: Path) -> Provenance:
    """Download the competition named `download.name`, the last part of its address.

    Raises:
        UserError: as `kaggle_client.download`.
    """
    name = str(download.name)
    archive = kaggle_client.download(
        f"https://www.kaggle.com/competitions/{name}",
        f"competition-{name}",
        into,
        lambda client, folder: client.competition_download_files(name, folder),
    )
    return Provenance(file=archive.name, name=name, licence="the competition's rules")
