"""Whether a model is right as often as it is sure."""

import numpy as np

BINS = 15  # as in Guo et al. 2017, On Calibration of Modern Neural Networks


def bins_of(confidence: np.ndarray) -> np.ndarray:
    """The bin of each confidence, int (n,): equal widths, (0, 1/15], (1/15, 2/15] ... (14/15, 1].

    Args:
        confidence: float (n,), 0 to 1.
    """
    return np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)


def expected_calibration_error(
    confidence: np.ndarray, correct: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """The mean distance of confidence and accuracy over bins, weighted by images (Guo et al. 2017).

    Args:
        confidence: of the predicted class, float (n,).
        correct: bool (n,).
        weights: how often each image counts, (resamples, n).

    Returns:
        float (resamples,), 0 to 1.
    """
    member = np.eye(BINS)[bins_of(confidence)]
    gap = (correct - confidence)[:, np.newaxis] * member
    return np.abs(weights @ gap).sum(axis=1) / weights.sum(axis=1)
