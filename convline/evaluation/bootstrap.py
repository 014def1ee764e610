"""Bootstrap intervals. A resample is a row of weights: how often it contains each image."""

from collections.abc import Iterator

import numpy as np

from convline.evaluation.metrics import WeightedScores, weighted_scores
from convline.records.predictions import Predictions

LEVEL = 0.95
AT_ONCE = 64  # resamples; for 25,000 images this takes 13 MB per array

Interval = tuple[float, float]
UNKNOWN: Interval = (np.nan, np.nan)


def draw_weights(groups: np.ndarray, n_resamples: int, seed: int) -> np.ndarray:
    """Draw resamples of whole groups, with replacement.

    Drawing groups instead of images is the cluster bootstrap (Davison and Hinkley 1997, 3.8).

    Args:
        groups: group of each image, (n,).
        n_resamples: number of resamples.
        seed: seed of the random numbers.

    Returns:
        How often each resample contains each image, uint16 (n_resamples, n).
    """
    names, member = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng(seed)
    weights = np.empty((n_resamples, len(groups)), np.uint16)
    for row in weights:
        drawn = rng.integers(len(names), size=len(names))
        row[:] = np.bincount(drawn, minlength=len(names))[member]
    return weights


def totals(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Sum one value per image, (n,), over each resample: float (resamples,)."""
    return np.concatenate([part @ values.astype(float) for part in _parts(weights)])


def resampled_scores(
    predictions: Predictions, weights: np.ndarray, positive: int
) -> WeightedScores:
    """Compute each score of each resample, float (resamples,); NaN where it is undefined."""
    parts = [weighted_scores(predictions, part, positive) for part in _parts(weights)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def percentiles(values: np.ndarray) -> Interval:
    """Return the 2.5th and 97.5th percentile of resampled values; NaN if too few are defined.

    A score that fewer than half of the resamples define, such as the recall of a class with one
    image, has no interval.
    """
    defined = values[~np.isnan(values)]
    if len(defined) * 2 < len(values):
        return UNKNOWN
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def intervals(resampled: WeightedScores) -> dict[tuple[str, str], Interval]:
    """Return the interval of each score; NaN where all resamples agree.

    They agree for a model without mistakes, and for a single image or group. The true value may
    still differ, which resamples cannot show.
    """
    spans = {name: percentiles(values) for name, values in resampled.items()}
    return {name: UNKNOWN if low == high else (low, high) for name, (low, high) in spans.items()}


def _parts(weights: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(weights), AT_ONCE):
        yield weights[start : start + AT_ONCE].astype(float)
