"""Digest everything that the output of a stage depends on, to continue a run that was killed."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

from pydantic import BaseModel

from convline.runtime.machine import processor

CODE = Path(__file__).parents[1]
PACKAGES = ("keras", "numpy", "opencv-python-headless", "pillow", "tensorflow")


def input_digest(folder: Path, *values: object) -> str:
    """Return the SHA-256 of data, code, params, packages and processor.

    Args:
        folder: folder of the data. Its files count by name, size and time of change, since reading
            all of them would take as long as the work that is saved.
        *values: sections of params.yaml, and what else the output depends on.
    """
    code = hashlib.sha256()
    for file in sorted(CODE.rglob("*.py")):
        code.update(file.read_bytes())
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    facts = [
        [[str(x), x.stat().st_size, x.stat().st_mtime_ns] for x in files],
        code.hexdigest(),
        [value.model_dump() if isinstance(value, BaseModel) else value for value in values],
        [version(name) for name in PACKAGES],
        processor(),
    ]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
