"""Find the image files that a command line names: files, folders and patterns."""

import glob
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from convline.images.archives import LITTER
from convline.images.file_kinds import classify, no_images
from convline.images.image_formats import HEAD
from convline.runtime import paths
from convline.runtime.errors import UserError


@dataclass
class FoundFiles:
    """The files that the names of a command line mean.

    Attributes:
        images: files to predict, each once; all files that are named one by one are among them.
        ignored: the reason why each other file below a folder, or matched by a pattern, is not one.
    """

    images: list[Path] = field(default_factory=list)
    ignored: dict[str, str] = field(default_factory=dict)


def find_images(names: Sequence[str]) -> FoundFiles:
    """Find files, all images below folders and the matches of patterns.

    Raises:
        UserError: a name matches no image, or is an address on a network.
    """
    found = FoundFiles()
    for name in names:
        found.images += _matches(name, found.ignored)
    found.images = list(dict.fromkeys(found.images))
    return found


def _matches(name: str, ignored: dict[str, str]) -> list[Path]:
    if re.match(r"[a-z][a-z0-9+.-]+://", name, re.IGNORECASE):
        raise UserError(f"'{name}' is an address; download the image and pass the file")
    path = paths.expand_home(name)
    if path.exists() and not path.is_dir():
        return [path]
    if path.is_dir():
        files: Iterable[Path] = sorted(path.rglob("*"))
    else:
        # The shell passes a quoted pattern unchanged; `**` matches folders at any depth.
        matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 (absolute ones, too)
        files = map(Path, matches)
    here: dict[str, str] = {}
    images = list(_images(files, here))
    ignored.update(here)
    if not images and (here or path.is_dir()):
        raise UserError(no_images(f"'{name}'", here))
    if not images:
        raise UserError(f"no file, folder or image matches '{name}'")
    return images


def _images(files: Iterable[Path], ignored: dict[str, str]) -> Iterator[Path]:
    """Yield images, damaged ones as well; fill `ignored` with the reasons for the other files."""
    for file in files:
        # macOS writes metadata files with the prefix `._` beside each file.
        if file.name.startswith("._") or LITTER.intersection(file.parts) or not file.is_file():
            continue
        try:
            with file.open("rb") as stream:
                verdict, reason = classify(file.name, stream.read(HEAD))
        except OSError as error:
            verdict, reason = "ignored", error.strerror or str(error)
        if verdict == "ignored":
            ignored[str(file)] = reason
        else:
            yield file
