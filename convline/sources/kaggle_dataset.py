"""A data set on Kaggle, all its files in one zip; public ones need no account."""

from pathlib import Path

from convline.params.schema import Download
from convline.sources import kaggle_client
from convline.sources.provenance import Provenance


def fetch(download: Download, into: Path) -> Provenance:
    """Download the data set `owner/name`, or its version n as `owner/name/n`.

    Raises:
        UserError: as `kaggle_client.download`.
    """
    name = str(download.name)
    owner, slug, *version = name.split("/")
    archive = kaggle_client.download(
        f"https://www.kaggle.com/datasets/{owner}/{slug}",
        f"dataset-{name.replace('/', '+')}",
        into,
        lambda client, folder: client.dataset_download_files(name, folder),
    )
    return Provenance(archive.name, f"{owner}/{slug}", version[0] if version else None)
