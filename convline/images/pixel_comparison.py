"""Confirm on pixels that two images are copies of one picture.

A copy may be re-encoded, resized, cropped by a few percent, brighter, or grey. The darker image is
therefore fitted to the brighter one in position, size, brightness and contrast by least squares
(Lucas and Kanade 1981; Baker and Matthews 2004), and what remains is compared with the detail of
the brighter one: everywhere, and in each part, since two photographs of one scene, or of two parts
from one machine, differ in one place only.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image as Pillow
from scipy.ndimage import gaussian_filter, uniform_filter

from convline.images.perceptual_hash import shrink

SIDE = 64  # height and width of the compared pictures
SMALL = 32  # those of images that are smaller than `SIDE`
COARSE = 16  # those of the first fit
COLOR_SIDE = 8
N_PIXELS = SIDE * SIDE
BYTES = N_PIXELS + 2 * COLOR_SIDE**2  # per picture

# Measured on the 2,000 cats and dogs, copies of them, and 5,856 chest X-rays. 99 % of the copies
# reach 0.95 (0.94 if cropped at a corner), and two X-rays of one patient at most 0.93.
MIN_SIMILARITY = 0.94
# Largest rest of a part: grey levels, share of its detail, and multiple of the usual rest. Copies
# stay below it (99 %; 100 % with the same frame); 85 % of the images in which another object of 8 %
# of the height is pasted exceed it, and 99 % with 16 %.
FLAT_REST, DETAIL_REST, USUAL_REST = 4.0, 0.3, 4.0
# A grain of rice or a digit on a plain background can be stretched into many others. If fewer parts
# than this share have clear detail, in grey levels, only copies of the same frame are confirmed, at
# other limits. 95 % of the cats and dogs have it in 0.7 of their parts, and MNIST's digits in 0.4.
MIN_CLEAR_PARTS, CLEAR_DETAIL = 0.65, 4.0
PLAIN_SIMILARITY, PLAIN_FLAT_REST, PLAIN_DETAIL_REST = 0.99, 1.6, 0.16
MIN_DETAIL = 2.0  # grey levels; JPEG leaves up to 1.5 in images that have none
MAX_SHIFT = 0.12  # of half the side, for position and size
GAINS = (0.5, 2.0)  # contrast of the second image divided by that of the first
SATURATED = 250  # brighter pixels may be cut off at 255, so they are not fitted
GREY = 4.0  # largest spread of the colours of a grey image
MAX_COLOR_REST = 0.5  # of the spread of the colours
WINDOW = 9  # detail is what differs from the mean of so many pixels in both directions


class Fit(NamedTuple):
    """The first images fitted to the second ones.

    Attributes:
        motion: scale and shift, horizontal and vertical, float (n, 4).
        gain: contrast, float (n,).
        picture: the fitted images, float (n, side, side).
        inside: True where the first image has pixels, bool (n, side, side).
    """

    motion: np.ndarray
    gain: np.ndarray
    picture: np.ndarray
    inside: np.ndarray


def to_picture(image: Pillow.Image, height: int, width: int) -> bytes:
    """Return the `BYTES` that are compared: luma, and two small planes of colour.

    Args:
        image: the decoded image; a JPEG may be reduced to twice `SIDE`.
        height: of the image at full size, in pixels.
        width: of the image at full size, in pixels.
    """
    small = shrink(image, height, width, SIDE).convert("YCbCr")
    luma, *color = small.split()
    # Slightly blurred, so that JPEG's blocks and half a pixel of shift matter less.
    blurred = gaussian_filter(np.asarray(luma, np.float32), 0.7)
    planes = [plane.resize((COLOR_SIDE, COLOR_SIDE), Pillow.Resampling.BOX) for plane in color]
    return blurred.round().astype(np.uint8).tobytes() + b"".join(x.tobytes() for x in planes)


def similarities(first: np.ndarray, second: np.ndarray, *, small: bool) -> np.ndarray:
    """Return the share of the brighter images' detail that the darker ones explain.

    Args:
        first: pictures, uint8 (n, `BYTES`).
        second: pictures, uint8 (n, `BYTES`).
        small: whether to compare 32x32 pixels, because an image has fewer than 64.

    Returns:
        0 to 1, float (n,); 0 for pairs that are not copies.
    """
    one, other = (_luma(x, SMALL if small else SIDE) for x in (first, second))
    # The darker one is fitted to the brighter one, in which pixels may be cut off at 255.
    darker = (one.mean(axis=(1, 2)) <= other.mean(axis=(1, 2)))[:, None, None]
    one, other = np.where(darker, one, other), np.where(darker, other, one)
    score = np.zeros(len(one))
    # Most copies have the same frame; the fit of the position takes ten times as long.
    rest = np.arange(len(one))
    for move in (False, True):
        fit = _move(one[rest], other[rest]) if move else _adjust(one[rest], other[rest])
        score[rest] = _score(fit, other[rest], moved=move)
        rest = np.flatnonzero(score < MIN_SIMILARITY)
        if not len(rest):
            break
    score[(score < MIN_SIMILARITY) | ~_same_color(first, second)] = 0
    return score


def _luma(pictures: np.ndarray, side: int) -> np.ndarray:
    luma = pictures[:, :N_PIXELS].reshape(-1, SIDE, SIDE).astype(np.float32)
    return _reduce(luma, side)


def _reduce(pictures: np.ndarray, side: int) -> np.ndarray:
    factor = pictures.shape[1] // side
    return pictures.reshape(-1, side, factor, side, factor).mean(axis=(2, 4))


def _move(one: np.ndarray, other: np.ndarray) -> Fit:
    motion = np.zeros((len(one), 4), np.float32)
    coarse = _reduce(one, COARSE), _reduce(other, COARSE)
    for _ in range(4):
        motion = _step(*coarse, motion)
    for _ in range(3):
        motion = _step(one, other, motion)
    return _adjust(one, other, motion)


def _step(one: np.ndarray, other: np.ndarray, motion: np.ndarray) -> np.ndarray:
    """Improve the motion by one step of Gauss and Newton."""
    moved, inside = _warp(one, motion)
    side = one.shape[1]
    dy, dx = (x * (side / 2) for x in np.gradient(moved, axis=(1, 2)))
    u = _centres(side)
    parts = [np.ones_like(moved), moved, dx * u, dx, dy * u[:, None], dy]
    weights = _solve(parts, other, _fitted(moved, other, inside))
    gain = np.where(np.abs(weights[:, 1:2]) < 0.2, 0.2, weights[:, 1:2])
    return np.clip(motion + weights[:, 2:] / gain, -MAX_SHIFT, MAX_SHIFT)


def _adjust(one: np.ndarray, other: np.ndarray, motion: np.ndarray | None = None) -> Fit:
    """Fit brightness and contrast only."""
    if motion is None:
        motion = np.zeros((len(one), 4), np.float32)
        moved, inside = one, np.ones(one.shape, bool)
    else:
        moved, inside = _warp(one, motion)
    weights = _solve([np.ones_like(moved), moved], other, _fitted(moved, other, inside))
    picture = weights[:, 0, None, None] + weights[:, 1, None, None] * moved
    return Fit(motion, weights[:, 1], np.clip(picture, 0, 255), inside)


def _warp(pictures: np.ndarray, motion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Stretch and shift pictures; a product with a matrix for each direction interpolates."""
    side = pictures.shape[1]
    pixels = np.arange(side, dtype=np.float32)
    matrices, inside = [], []
    for scale, shift in ((motion[:, 0:1], motion[:, 1:2]), (motion[:, 2:3], motion[:, 3:4])):
        place = (_centres(side) * (1 + scale) + shift + 1) * (side / 2) - 0.5
        inside.append((place >= -0.25) & (place <= side - 0.75))
        clipped = np.clip(place, 0, side - 1)
        matrices.append(np.maximum(1 - np.abs(clipped[:, :, None] - pixels), 0))
    moved = matrices[1] @ pictures @ matrices[0].transpose(0, 2, 1)
    return moved, inside[1][:, :, None] & inside[0][:, None, :]


def _centres(side: int) -> np.ndarray:
    return (2 * np.arange(side, dtype=np.float32) + 1) / side - 1


def _fitted(moved: np.ndarray, other: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return True for the pixels to fit: not saturated ones, unless nearly all are."""
    clear = inside & (moved < SATURATED) & (other < SATURATED)
    few = clear.mean(axis=(1, 2)) < 0.1
    return np.where(few[:, None, None], inside, clear)


def _solve(parts: list[np.ndarray], target: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Return the weights of the parts in the sum closest to the target, (n, parts)."""
    stacked = np.stack([(part * where).reshape(len(part), -1) for part in parts], axis=1)
    products = (stacked @ stacked.transpose(0, 2, 1)).astype(np.float64)
    # A little more on the diagonal, in case a derivative is zero everywhere.
    little = 1e-6 * products.trace(axis1=1, axis2=2)[:, None, None] + 1e-3
    products += np.eye(len(parts)) * little
    sides = stacked @ (target * where).reshape(len(target), -1, 1)
    return np.linalg.solve(products, sides.astype(np.float64))[..., 0].astype(np.float32)


def _score(fit: Fit, other: np.ndarray, *, moved: bool) -> np.ndarray:
    """Return the explained share of the detail; 0 if a part of the images differs."""
    inside = fit.inside.astype(np.float32)
    rest = (other - fit.picture) * inside
    detail, unexplained = (
        (x - uniform_filter(x, WINDOW, axes=(1, 2))) * inside for x in (other, rest)
    )
    size = np.maximum(_reduce(inside, 8), 0.25)
    rest_of_part, detail_of_part = (np.sqrt(_reduce(x**2, 8) / size) for x in (rest, detail))
    usual = np.median(rest_of_part / (10 + detail_of_part), axis=(1, 2), keepdims=True)
    largest = FLAT_REST + DETAIL_REST * detail_of_part
    largest += USUAL_REST * usual * (10 + detail_of_part)
    plain = (detail_of_part >= CLEAR_DETAIL).mean(axis=(1, 2)) < MIN_CLEAR_PARTS
    largest[plain] = (PLAIN_FLAT_REST + PLAIN_DETAIL_REST * detail_of_part)[plain]
    differs = (rest_of_part > largest).any(axis=(1, 2))
    energy = (detail**2).mean(axis=(1, 2))
    share = 1 - (unexplained**2).mean(axis=(1, 2)) / np.maximum(energy, 1e-6)
    good = ~differs & (energy >= MIN_DETAIL**2)
    good &= ~plain | (share >= PLAIN_SIMILARITY) & (not moved)
    good &= (fit.gain >= GAINS[0]) & (fit.gain <= GAINS[1])
    return np.where(good, share, 0)


def _same_color(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return False for two coloured images with different colours, bool (n,)."""
    one, other = (x[:, N_PIXELS:].astype(np.float32) - 128 for x in (first, second))
    spread = np.stack([np.sqrt((x**2).mean(axis=1)) for x in (one, other)])
    rest = np.sqrt(((one - other) ** 2).mean(axis=1))
    return (spread.min(axis=0) <= GREY) | (rest <= MAX_COLOR_REST * spread.max(axis=0))
