"""Which image files a person means."""

import glob
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from convline.images.decoding import is_image_name
from convline.runtime.errors import UserError


def find_images(names: Sequence[str]) -> list[Path]:
    """The files that these names mean: files, all images below folders, patterns; each once.

    Raises:
        UserError: a name means nothing, or an address on a network, which is not fetched.
    """
    return list(dict.fromkeys(path for name in names for path in _meant(name)))


def _meant(name: str) -> Iterator[Path]:
    if re.match(r"[a-z][a-z0-9+.-]+://", name, re.IGNORECASE):
        raise UserError(f"'{name}' is an address, and nothing is fetched; download it first")
    path = Path(name).expanduser()
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if _is_image(file))
        if not found:
            raise UserError(f"the folder '{name}' holds no image; they are known by their endings")
        yield from found
    elif path.exists():
        yield path
    else:
        # Quoted, a pattern comes as it is; `**` is any folder.
        matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 (absolute ones, too)
        files = [Path(match) for match in matches if _is_image(Path(match))]
        if not files:
            raise UserError(f"there is no file, folder or match of '{name}'")
        yield from files


def _is_image(file: Path) -> bool:
    # What Macs leave beside each file starts with `._`.
    return is_image_name(file.name) and not file.name.startswith("._") and file.is_file()
