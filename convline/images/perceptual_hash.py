"""Reduce images to perceptual hashes, and find pairs of images with similar ones.

The hash is a grey thumbnail of 11x11 pixels, 121 bytes, and not one of ImageHash: its `phash` takes
three times as long (0.15 ms per image; decoding 150x150 pixels takes 0.15 ms as well), and `dhash`,
which is as fast, joins 874 of 1,200 chest X-rays at a distance of 4 bits.
"""

import math

import numpy as np
from PIL import Image
from scipy.fft import dct
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

SIDE = 11  # height and width of the thumbnail
MIN_PIXELS = 32  # height and width of the smallest images with a hash
# JPEGs are decoded to at least this size. 32 would take 20 % more time for 150x150 pixels.
LEAST = 16

# Thumbnails with a smaller standard deviation, in grey levels, are blank; all blank ones are alike.
MIN_CONTRAST = 4.0
# Largest distance of the low frequencies, whose length is 1, and number of neighbours compared.
# Images cropped by 3 % on two sides are 0.11 apart (median), and 97 % of them less than this.
RADIUS = 0.25
NEIGHBOURS = 8
# Largest part of a thumbnail that remains after it is fitted to another one. 0.09 for 99 % of the
# images cropped by 3 %; less than 0.12 for 171 of 31,685 neighbouring X-rays.
MAX_REST = 0.12

CHUNK = 4096  # thumbnails or pairs at a time, against 121 floats for each of 250,000 images


def perceptual_hash(image: Image.Image, height: int, width: int) -> bytes | None:
    """Return the grey thumbnail of an image, `SIDE` x `SIDE` bytes; None for small images.

    Args:
        image: the decoded image, perhaps reduced to `LEAST`.
        height: of the image at full size, in pixels.
        width: of the image at full size, in pixels.
    """
    if min(height, width) < MIN_PIXELS:
        return None
    return shrink(image.convert("L"), height, width, SIDE).tobytes()


def shrink(image: Image.Image, height: int, width: int, side: int) -> Image.Image:
    """Resize an image to a square.

    JPEGs that are decoded at 1/2, 1/4 or 1/8 of their size end in a column and a row that are
    partly empty, 1 of 38 pixels for 150 pixels. They are cut off at a fraction of a pixel.
    """
    box = (0, 0, _filled(image.width, width), _filled(image.height, height))
    return image.resize((side, side), Image.Resampling.BILINEAR, box, reducing_gap=3.0)


def find_similar(hashes: list[bytes]) -> tuple[np.ndarray, int]:
    """Find pairs of similar images, in linear time.

    Images have at most `NEIGHBOURS` neighbours, so that 5,000 X-rays, which all look alike, do not
    make 12 million pairs.

    Returns:
        Pairs of indexes, int (n, 2), in ascending order and each row as well; and the number of
        images with more neighbours, of which only the closest were compared.
    """
    thumbnails = np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, SIDE * SIDE)
    vectors, contrast = _low_frequencies(thumbnails)
    clear = np.flatnonzero(contrast >= MIN_CONTRAST)
    if len(clear) < 2:
        return np.empty((0, 2), int), 0
    # One neighbour is the image itself, and one more shows that there are too many.
    k = NEIGHBOURS + 2
    tree = cKDTree(vectors[clear])
    found = tree.query(vectors[clear], k, distance_upper_bound=RADIUS, workers=-1)
    near, neighbours = np.isfinite(found[0]), found[1]
    first, column = np.nonzero(near[:, :-1])
    pairs = np.stack([first, neighbours[first, column]], axis=1)
    pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    pairs = clear[pairs]
    rests = [_fit(thumbnails, pairs[i : i + CHUNK]) for i in range(0, len(pairs), CHUNK)]
    return pairs[np.concatenate([[], *rests]) <= MAX_REST], int(near[:, -1].sum())


def _filled(reduced: int, full: int) -> float:
    return min(reduced, full / max(1, round(full / reduced)))


def _low_frequencies(thumbnails: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return 9 coefficients of the cosine transform, of length 1, and the standard deviation."""
    waves = dct(np.eye(SIDE), axis=0, norm="ortho")
    products = [
        np.outer(waves[i], waves[j]).ravel()
        for i in range(4)
        for j in range(4 - i)
        if i + j  # without the mean
    ]
    transform = np.stack(products, axis=1).astype(np.float32)  # (121, 9)
    vectors = np.empty((len(thumbnails), transform.shape[1]), np.float32)
    contrast = np.empty(len(thumbnails), np.float32)
    for start in range(0, len(thumbnails), CHUNK):
        chunk = thumbnails[start : start + CHUNK].astype(np.float32)
        vectors[start : start + CHUNK] = chunk @ transform
        contrast[start : start + CHUNK] = chunk.std(axis=1)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(length, MIN_CONTRAST * SIDE), contrast


def _fit(thumbnails: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return the part of each second thumbnail that the first cannot explain, 0 to 1, (n,).

    The first one may be brighter, have more contrast, and be moved and stretched a little, as by a
    crop: to first order, it is then a sum of itself, a constant, its derivatives and these
    multiplied by the coordinates. The sum is fitted by least squares.
    """
    first, second = (_smooth(thumbnails[pairs[:, i]]) for i in range(2))
    dy, dx = np.gradient(first, axis=(1, 2))
    u = np.linspace(-1, 1, SIDE, dtype=np.float32)
    parts = np.stack([first, dx, dx * u, dy, dy * u[:, None]], axis=1)
    # Derivatives at the border are one-sided. Without the means, no constant is needed.
    parts, target = (
        x - x.mean((-2, -1), keepdims=True)
        for x in (parts[:, :, 1:-1, 1:-1], second[:, None, 1:-1, 1:-1])
    )
    parts, target = (x.reshape(*x.shape[:2], -1) for x in (parts, target))
    products = parts @ parts.transpose(0, 2, 1)
    # A little more on the diagonal, in case a derivative is zero everywhere.
    products += np.eye(5, dtype=np.float32) * (1e-5 * products.trace(0, 1, 2)[:, None, None] + 1e-3)
    weights = np.linalg.solve(products, parts @ target.transpose(0, 2, 1))
    rest = target - weights.transpose(0, 2, 1) @ parts
    least = MIN_CONTRAST * math.sqrt(rest.shape[-1])
    length = np.maximum(np.linalg.norm(target, axis=-1), least)
    return (np.linalg.norm(rest, axis=-1) / length)[:, 0]


def _smooth(thumbnails: np.ndarray) -> np.ndarray:
    pictures = thumbnails.reshape(-1, SIDE, SIDE).astype(np.float32)
    return gaussian_filter(pictures, 0.6, axes=(1, 2))
