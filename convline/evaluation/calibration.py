"""Calibration: how far a model's confidence is from its accuracy."""

import numpy as np

BINS = 15  # as in Guo et al. 2017, On Calibration of Modern Neural Networks


def bins_of(confidence: np.ndarray) -> np.ndarray:
    """Return the bin of each confidence, int (n,): (0, 1/15], (1/15, 2/15] ... (14/15, 1].

    Args:
        confidence: float (n,), 0 to 1.
    """
    return np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)


def expected_calibration_error(
    confidence: np.ndarray, correct: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Return the mean distance between confidence and accuracy over bins (Guo et al. 2017).

    Bins are weighted by their images.

    Args:
        confidence: probability of the predicted class, float (n,).
        correct: bool (n,).
        weights: how often each image counts, (rows, n).

    Returns:
        float (rows,), 0 to 1.
    """
    member = np.eye(BINS)[bins_of(confidence)]
    gap = (correct - confidence)[:, np.newaxis] * member
    return np.abs(weights @ gap).sum(axis=1) / weights.sum(axis=1)
