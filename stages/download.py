"""Get the images: one archive, as its source delivers it, and where it came from.

Reads   the source set in params.yaml
Writes  data/raw/<archive>, data/raw/source.json, metrics/download.json
Params  download
"""

import hashlib
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from convline.images import archives
from convline.params.loading import load_params
from convline.runtime import paths
from convline.runtime.files import fresh_dir, write_json
from convline.runtime.runner import run


def main() -> None:
    download = load_params().download
    with fresh_dir(paths.RAW) as raw:
        source = import_module(f"convline.sources.{download.kind}")
        provenance = source.fetch(download, into=raw)
        archive = raw / provenance.file
        files = archives.check(
            archive,
            download.max_unpacked_gb,
            download.max_unpacked_ratio,
            label=f"download.path: {download.path}" if download.path else provenance.file,
        )
        facts = {**asdict(provenance), **_fingerprint(archive), "files": files}
        write_json(raw / paths.SOURCE.name, {"kind": download.kind, **facts})
    # `download.name` is a parameter, too: DVC would prefix both with file names.
    facts["data_set"] = facts.pop("name")
    write_json(paths.metrics("download"), {"download": facts})
    print(f"data/raw/{provenance.file} {facts['bytes']:,} bytes, {files:,} files")


def _fingerprint(archive: Path) -> dict[str, int | str]:
    with archive.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"bytes": archive.stat().st_size, "sha256": digest}


if __name__ == "__main__":
    run(main)
