"""Check class names: each must be a folder name, and no two may look the same to a person."""

import os
import unicodedata
from collections import defaultdict
from collections.abc import Collection

from convline.runtime.errors import UserError

MAX_NAME_BYTES = 255  # of the file systems of Linux and macOS
FORMULA = ("=", "+", "@", "\t")  # A spreadsheet runs cells that begin with these.


def look_alike(name: str) -> str:
    """Return the same text for names that a person or macOS takes for one.

    They differ in case, in blanks, or in the Unicode form of letters such as é.
    """
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def refuse_unusable(classes: Collection[str]) -> None:
    """Raise an error if a class name cannot be a folder name, or looks like another one.

    Raises:
        UserError: the message names the class and `organize.classes`, which renames and merges.
    """
    same = defaultdict(list)
    for label in sorted(classes):
        same[look_alike(label)].append(label)
        if why := _why_unusable(label):
            raise UserError(f"class {label[:40]!r} {why}; rename it with organize.classes")
    for first, *others in same.values():
        if others:
            both = f"classes '{first}' and '{others[0]}' differ only in case or blanks"
            merge = f"{{'{first}': '{first}', '{others[0]}': '{first}', ...}}"
            raise UserError(f"{both}; merge them, for example with organize.classes: {merge}")


def _why_unusable(label: str) -> str | None:
    if any(unicodedata.category(letter) == "Cc" for letter in label):
        return "has a control character"
    if label.startswith(FORMULA):
        return "begins with =, + or @, and a spreadsheet may run it as a formula"
    if label.startswith(".") or "/" in label or not label.strip():
        return "starts with a dot, has a slash or is empty, which is not valid for a folder"
    if len(os.fsencode(label)) > MAX_NAME_BYTES:
        return "is too long for a folder"
    return None
