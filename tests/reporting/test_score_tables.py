"""Scores as text."""

import pytest

from convline.reporting.score_tables import interval, number, signed


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.977, 0.9999, "0.98 to 1.00"),
        (0.9912, 0.9964, "0.991 to 0.996"),
        (0.99971, 1, "0.9997 to 1.0000"),
        (0.2, 0.9, "0.20 to 0.90"),
        (0.0021, 0.0284, "0.002 to 0.028"),
        (1, 1, "1.0000 to 1.0000"),
        (float("nan"), float("nan"), ""),
    ],
)
def test_the_width_of_an_interval_determines_its_digits(low, high, text):
    assert interval(low, high) == text


def test_numbers_have_sensible_digits():
    assert [number(x) for x in (0.99256, 1, 0, None, float("nan"), 0.000012)] == [
        "0.9926", "1.0000", "0.0000", "", "", "1.2e-05",
    ]  # fmt: skip
    minus = "\N{MINUS SIGN}"
    assert [signed(x, 3) for x in (-0.0297, 0.01, 0.0001, -0.0001)] == [
        f"{minus}0.030", "+0.010", "0.000", "0.000",
    ]  # fmt: skip
