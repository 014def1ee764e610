"""Expand a parameter that is one value for all layers or a list with one value per layer."""

from typing import TypeVar

T = TypeVar("T")


def per_layer(value: T | list[T], layers: int) -> list[T]:
    """Return `value` as a list with one entry per layer."""
    return list(value) if isinstance(value, list) else [value] * layers
