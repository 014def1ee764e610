"""Make names from archives and folders safe to print."""

import unicodedata

KEPT = "\n\t"
# Control characters, which a terminal obeys, and bytes of a file name that are not UTF-8.
ESCAPED = {"Cc", "Cs"}


def printable(text: str) -> str:
    r"""Return the text with control characters as escapes such as `\x1b`; line breaks stay."""
    if text.isprintable():
        return text
    return "".join(
        letter.encode("unicode_escape").decode()
        if letter not in KEPT and unicodedata.category(letter) in ESCAPED
        else letter
        for letter in text
    )
