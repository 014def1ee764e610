"""Write files and folders that are complete or absent: written aside, then renamed."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def fresh_dir(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path` that replaces it if the block succeeds.

    If the block raises, the new folder is removed and the old one stays.
    """
    partial = _partial(path)
    partial.mkdir(parents=True)
    try:
        yield partial
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    shutil.rmtree(path, ignore_errors=True)
    partial.rename(path)


@contextmanager
def fresh_file(path: Path) -> Iterator[Path]:
    """Yield a new path beside `path`, with its suffix, that replaces it if the block succeeds."""
    partial = _partial(path)
    partial.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield partial
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    partial.replace(path)


def write_json(path: Path, content: Any) -> None:
    """Write JSON with sorted keys, so that Git diffs are small.

    Raises:
        ValueError: `content` contains a NaN or an infinity, which JSON does not have.
    """
    with fresh_file(path) as partial:
        text = json.dumps(content, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False)
        partial.write_text(text + "\n", encoding="utf-8")


def _partial(path: Path) -> Path:
    """Return an unused name beside `path`; remove what a killed run left there."""
    partial = path.with_name(f".partial-{path.name}")
    if partial.is_dir():
        shutil.rmtree(partial)
    partial.unlink(missing_ok=True)
    return partial
