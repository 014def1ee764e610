"""Trained models on disk: equal models are equal bytes."""

import json
import re
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from convline.runtime.files import fresh_file
from convline.runtime.keras_backend import keras


def save(model: keras.Model, path: Path) -> None:
    """Write a Keras archive whose bytes depend on the model alone.

    Keras 3.15 puts the time into two places, `date_saved` in metadata.json and the date of one
    member of the zip; here both are the zip format's first day. It also names objects that layers
    share by their address in memory; here they are numbered.
    """
    with fresh_file(path) as partial, TemporaryDirectory(dir=path.parent) as folder:
        dated = Path(folder, path.name)
        model.save(dated)
        with zipfile.ZipFile(dated) as source, zipfile.ZipFile(partial, "w") as target:
            for name in sorted(source.namelist()):
                content = source.read(name)
                if name == "metadata.json":
                    facts = json.loads(content) | {"date_saved": "1980-01-01@00:00:00"}
                    content = json.dumps(facts).encode()
                elif name == "config.json":
                    content = _number_shared_objects(content)
                target.writestr(zipfile.ZipInfo(name), content)


def _number_shared_objects(config: bytes) -> bytes:
    numbers: dict[bytes, int] = {}

    def number(match: re.Match[bytes]) -> bytes:
        return match[1] + str(numbers.setdefault(match[2], len(numbers))).encode()

    return re.sub(rb'("shared_object_id": )(\d+)', number, config)
