"""Is one model better than the other, or is it chance?"""

from typing import TypedDict

import numpy as np
from scipy.stats import binomtest, permutation_test

from convline.evaluation.bootstrap import percentiles, totals
from convline.evaluation.titles import MODELS
from convline.records.predictions import Predictions

ALPHA = 0.05
MCNEMAR = "McNemar's exact test"


class Comparison(TypedDict):
    """Both models on the images of one split; None where the images do not define a figure.

    Attributes:
        difference: the accuracy of transfer less that of scratch.
        low: the lower end of its 95 % bootstrap interval, paired: both on the same resamples.
        high: the upper end.
        mcnemar_p: of McNemar's exact test; None where images come in groups, since the test takes
            them for independent.
        permutation_p: where images come in groups, of a permutation test that swaps the models
            group by group; else None.
        both_right: images.
        only_scratch_right: images.
        only_transfer_right: images.
        both_wrong: images.
        disagree: images that the models predict different classes for; may be both wrong.
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
        scratch: of n images.
        transfer: of the same images in the same order.
        weights: resamples, (resamples, n), of which the interval is made.
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


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Two-sided p of McNemar's exact test (Edwards 1948): a sign test of the discordant pairs."""
    discordant = only_first + only_second
    return float(binomtest(only_first, discordant).pvalue) if discordant else 1.0


def permutation_p(before: np.ndarray, after: np.ndarray, groups: np.ndarray) -> float:
    """Two-sided p of the paired permutation test of groups: were the models' names exchangeable?

    Exact up to 13 groups that differ, else of 9,999 random exchanges. Three groups cannot give less
    than 0.25, however clear they are.

    Args:
        before: whether the first model was right, (n,).
        after: whether the second was.
        groups: of the images, (n,).
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


def paired_interval(
    before: np.ndarray, after: np.ndarray, weights: np.ndarray, groups: np.ndarray
) -> tuple[float, float] | tuple[None, None]:
    """The 95 % bootstrap interval of a difference in means; none of a single group of images.

    Args:
        before: a figure per image, (n,), such as whether the first model was right.
        after: the same of the second.
        weights: resamples, (resamples, n).
        groups: of the images, (n,).
    """
    if len(np.unique(groups)) < 2:
        return None, None
    change = after.astype(float) - before.astype(float)
    return percentiles(totals(weights, change) / totals(weights, np.ones(len(change))))


def is_real(comparison: Comparison) -> bool:
    """Whether the interval keeps to one side of zero and the test agrees (p < 0.05)."""
    low, high, p = comparison["low"], comparison["high"], p_value(comparison)
    if low is None or high is None:
        return False
    return (low > 0 or high < 0) and p < ALPHA


def p_value(comparison: Comparison) -> float:
    """Of McNemar's test, or with groups of the permutation test."""
    p, grouped = comparison["mcnemar_p"], comparison["permutation_p"]
    return (1.0 if grouped is None else grouped) if p is None else p


def tell_p(p: float) -> str:
    """A p value in words, such as `p = 0.039`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def describe(comparison: Comparison, examples: int) -> str:
    """One sentence: which model is better, how sure that is; or that the split is too small."""
    images = f"the {examples:,} images of the test split"
    difference = comparison["difference"]
    if not comparison["only_scratch_right"] and not comparison["only_transfer_right"]:
        return f"Both models are right on the same of {images}: nothing tells them apart."
    better = MODELS["transfer" if difference > 0 else "scratch"]
    span = _span(comparison)
    if is_real(comparison):
        gain = f"more accurate by {abs(difference):.3f}{span} on {images}"
        return f"{_capital(better)}: {gain}; the difference is not chance."
    if difference == 0:
        found = f"both are equally accurate on {images}"
    else:
        found = f"{better} is more accurate by {abs(difference):.3f} on {images}"
    return f"Too close to call: {found}{span}, which may be chance. More test images would tell."


def _span(comparison: Comparison) -> str:
    """The interval in the direction of the better model, and p."""
    low, high = comparison["low"], comparison["high"]
    if low is None or high is None:
        return ""
    if comparison["difference"] < 0:
        low, high = -high, -low
    test = "permutation test of groups" if comparison["mcnemar_p"] is None else MCNEMAR
    interval = f"95 % interval {low:.3f} to {high:.3f}".replace("-", "\N{MINUS SIGN}")
    return f" ({interval}; {test}, {tell_p(p_value(comparison))})"


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]
