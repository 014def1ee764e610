"""Compare two models on the same test images (McNemar's test, bootstrap interval)."""

from typing import TypedDict

import numpy as np
from scipy.stats import binomtest, permutation_test

from convline.evaluation.bootstrap import percentiles, totals
from convline.evaluation.display_names import IN_SENTENCES
from convline.records.predictions import Predictions

ALPHA = 0.05
MCNEMAR = "McNemar's exact test"
PERMUTATION = "permutation test of groups"


class Comparison(TypedDict):
    """Both models on the images of one split; None where the images do not define a value.

    Attributes:
        difference: accuracy of transfer minus accuracy of scratch.
        low: lower end of its paired 95 % bootstrap interval: both models on the same resamples.
        high: upper end.
        mcnemar_p: p of McNemar's exact test; None where images form groups, since the test assumes
            independent images.
        permutation_p: p of a permutation test that swaps the models group by group; None unless
            images form groups.
        both_right: number of images.
        only_scratch_right: number of images.
        only_transfer_right: number of images.
        both_wrong: number of images.
        disagree: number of images with different predictions; both may be wrong.
    """

    difference: float
    low: float | None
    high: float | None
    mcnemar_p: float | None
    permutation_p: float | None
    both_right: int
    only_scratch_right: int
    only_transfer_right: int
    both_wrong: int
    disagree: int


def compare(scratch: Predictions, transfer: Predictions, weights: np.ndarray) -> Comparison:
    """Compare both models on the same images.

    Args:
        scratch: n images.
        transfer: the same images in the same order.
        weights: resamples for the interval, (resamples, n).
    """
    a, b = scratch.correct, transfer.correct
    low, high = paired_interval(a, b, weights, scratch.groups)
    only_scratch, only_transfer = int((a & ~b).sum()), int((b & ~a).sum())
    return {
        "difference": float((only_transfer - only_scratch) / len(a)),
        "low": low,
        "high": high,
        "mcnemar_p": None if scratch.grouped else mcnemar_exact(only_scratch, only_transfer),
        "permutation_p": permutation_p(a, b, scratch.groups) if scratch.grouped else None,
        "both_right": int((a & b).sum()),
        "only_scratch_right": only_scratch,
        "only_transfer_right": only_transfer,
        "both_wrong": int((~a & ~b).sum()),
        "disagree": int((scratch.predicted != transfer.predicted).sum()),
    }


def paired_interval(
    before: np.ndarray, after: np.ndarray, weights: np.ndarray, groups: np.ndarray
) -> tuple[float, float] | tuple[None, None]:
    """Return the 95 % bootstrap interval of a difference in means; None for a single group.

    Args:
        before: one value per image, (n,), such as 1 where the first model is right.
        after: the same for the second model.
        weights: resamples, (resamples, n).
        groups: group of each image, (n,).
    """
    if len(np.unique(groups)) < 2:
        return None, None
    change = after.astype(float) - before.astype(float)
    return percentiles(totals(weights, change) / totals(weights, np.ones(len(change))))


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Return the two-sided p of McNemar's exact test (Edwards 1948).

    It is a sign test of the images that only one model gets right.
    """
    discordant = only_first + only_second
    return float(binomtest(only_first, discordant).pvalue) if discordant else 1.0


def permutation_p(before: np.ndarray, after: np.ndarray, groups: np.ndarray) -> float:
    """Return the two-sided p of the paired permutation test, which swaps the models by group.

    It is exact for up to 13 groups that differ, and takes 9,999 random permutations for more.
    With three groups, p is at least 0.25.

    Args:
        before: True where the first model is right, (n,).
        after: True where the second model is right, (n,).
        groups: group of each image, (n,).
    """
    _, member = np.unique(groups, return_inverse=True)
    gain = np.bincount(member, after.astype(float) - before)
    gain = gain[gain != 0]
    if len(gain) < 2:
        return 1.0
    result = permutation_test(
        (gain, np.zeros(len(gain))),
        lambda first, second, axis: (first - second).sum(axis=axis),
        permutation_type="samples",
        n_resamples=9999,
        rng=np.random.default_rng(0),
    )
    return float(result.pvalue)


def is_significant(comparison: Comparison) -> bool:
    """Return True if the interval excludes zero and the test agrees (p < 0.05)."""
    low, high = comparison["low"], comparison["high"]
    if low is None or high is None:
        return False
    return (low > 0 or high < 0) and p_value(comparison) < ALPHA


def p_value(comparison: Comparison) -> float:
    """Return p of McNemar's test or, where images form groups, of the permutation test."""
    p, grouped = comparison["mcnemar_p"], comparison["permutation_p"]
    return (1.0 if grouped is None else grouped) if p is None else p


def name_of_test(comparison: Comparison) -> str:
    """Return the name of the test that gave the p value."""
    return PERMUTATION if comparison["mcnemar_p"] is None else MCNEMAR


def format_p(p: float) -> str:
    """Format a p value, such as `p = 0.039`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def describe(comparison: Comparison) -> str:
    """Return the verdict and its statistics in full sentences."""
    return f"{verdict(comparison)}. {statistics(comparison)}"


def verdict(comparison: Comparison) -> str:
    """Return which model is better, with both accuracies in percent, without a full stop."""
    accuracy = accuracies(comparison)
    worse, better = sorted(accuracy, key=lambda model: accuracy[model])
    if accuracy[worse] == accuracy[better]:
        return f"Both models have the same accuracy: {accuracy[better]:.1%}".replace("%", " %")
    high, low = f"{100 * accuracy[better]:.1f} %", f"{100 * accuracy[worse]:.1f} %"
    if high == low:
        high, low = f"{100 * accuracy[better]:.3f} %", f"{100 * accuracy[worse]:.3f} %"
    if is_significant(comparison):
        return f"{_capital(IN_SENTENCES[better])} is better: {high} against {low}"
    return f"Too close to call: {IN_SENTENCES[better]} {high}, {IN_SENTENCES[worse]} {low}"


def statistics(comparison: Comparison) -> str:
    """Return the difference, its interval and its significance in full sentences."""
    images = f"the {_images(comparison):,} images of the test split"
    if not comparison["only_scratch_right"] and not comparison["only_transfer_right"]:
        return f"Both models are right on the same ones of {images}."
    p, significant = p_value(comparison), is_significant(comparison)
    test = f"{name_of_test(comparison)}, {format_p(p)}"
    if not significant and p < ALPHA:
        test += ", but the interval includes zero"
    return (
        f"On {images} the accuracies differ by {abs(comparison['difference']):.3f}"
        f"{_interval(comparison)}; the difference is {'' if significant else 'not '}statistically "
        f"significant ({test}; one training seed)."
        + ("" if significant else " A larger test split narrows the interval.")
    )


def accuracies(comparison: Comparison) -> dict[str, float]:
    """Return the accuracy of each model."""
    right, images = comparison["both_right"], _images(comparison)
    return {
        "scratch": (right + comparison["only_scratch_right"]) / images,
        "transfer": (right + comparison["only_transfer_right"]) / images,
    }


def _images(comparison: Comparison) -> int:
    right = comparison["both_right"] + comparison["both_wrong"]
    return right + comparison["only_scratch_right"] + comparison["only_transfer_right"]


def _interval(comparison: Comparison) -> str:
    """Format the interval in the direction of the better model; empty if there is none."""
    low, high = comparison["low"], comparison["high"]
    if low is None or high is None:
        return ""
    if comparison["difference"] < 0:
        low, high = -high, -low
    return f" (95 % interval {low:.3f} to {high:.3f})".replace("-", "\N{MINUS SIGN}")


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]
