"""Find the image files that a command line names: files, folders and patterns."""

import glob
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from convline.images.decoding import EXTENSIONS, is_image_name
from convline.runtime import paths
from convline.runtime.errors import UserError


def find_images(names: Sequence[str]) -> list[Path]:
    """Return files, all images below folders and the matches of patterns, each file once.

    Raises:
        UserError: a name matches no image, or is an address on a network.
    """
    return list(dict.fromkeys(path for name in names for path in _matches(name)))


def _matches(name: str) -> Iterator[Path]:
    if re.match(r"[a-z][a-z0-9+.-]+://", name, re.IGNORECASE):
        raise UserError(f"'{name}' is an address; download the image and pass the file")
    path = paths.expand_home(name)
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if _is_image(file))
        if not found:
            endings = ", ".join(sorted(EXTENSIONS))
            raise UserError(f"no images found in '{name}'; supported endings: {endings}")
        yield from found
    elif path.exists():
        yield path
    else:
        # The shell passes a quoted pattern unchanged; `**` matches folders at any depth.
        matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 (absolute ones, too)
        files = [Path(match) for match in matches if _is_image(Path(match))]
        if not files:
            raise UserError(f"no file, folder or image matches '{name}'")
        yield from files


def _is_image(file: Path) -> bool:
    # macOS writes metadata files with the prefix `._` beside each file.
    return is_image_name(file.name) and not file.name.startswith("._") and file.is_file()
