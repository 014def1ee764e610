"""Apply random changes to images on the CPU, while the network trains.

This uses OpenCV: TensorFlow's ImageProjectiveTransformV3 was four times slower on two cores.
"""

import cv2
import numpy as np

# tf.data prepares one batch per core already; more threads would compete with it.
cv2.setNumThreads(1)


def change(images: np.ndarray, *draws: np.ndarray) -> np.ndarray:
    """Warp each image, then change its brightness and contrast.

    Args:
        images: uint8 (n, height, width, channels).
        draws: the fields of `augmentation.Draws`.

    Returns:
        uint8 (n, height, width, channels).
    """
    changed = np.empty_like(images)
    for image, transform, brightness, contrast, out in zip(images, *draws, changed, strict=True):
        warp(image, transform, out)
        if brightness != 0 or contrast != 1:
            recolor(out, brightness, contrast)
    return changed


def warp(image: np.ndarray, transform: np.ndarray, out: np.ndarray) -> None:
    """Warp one image, uint8 (height, width, channels), into `out`.

    Interpolation is bilinear; pixels outside the image take the value of the nearest one inside.
    """
    height, width, _ = image.shape
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size, border = (width, height), cv2.BORDER_REPLICATE
    cv2.warpAffine(image, transform, size, dst=out, flags=flags, borderMode=border)


def recolor(image: np.ndarray, brightness: float, contrast: float) -> None:
    """Change brightness and contrast of one image, uint8 (height, width, channels), in place."""
    mean = np.array(cv2.mean(image)[: image.shape[-1]]) + brightness
    values = np.arange(256)[:, np.newaxis, np.newaxis] + brightness
    table = np.clip(np.rint((values - mean) * contrast + mean), 0, 255)
    cv2.LUT(image, table.astype(np.uint8), dst=image)
