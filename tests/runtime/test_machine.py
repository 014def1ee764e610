"""The description of this machine."""

from convline.runtime import machine


def test_the_machine_is_described():
    words = machine.describe()
    assert " cores of " in words
    assert "GB" in words
