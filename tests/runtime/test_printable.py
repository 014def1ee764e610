"""Names from outside are printed without control characters."""

import pytest

from convline.runtime.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Müller 猫 🐈", "Müller 猫 🐈"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[31mred\x07\r", r"\x1b[31mred\x07\r"),
        ("\x9b31m", r"\x9b31m"),
        (b"\xff.jpg".decode(errors="surrogateescape"), r"\udcff.jpg"),
        ("👨\u200d👩", "👨\u200d👩"),
    ],
)
def test_only_control_characters_and_broken_bytes_are_escaped(text, shown):
    assert printable(text) == shown
