"""Pictures that look like photographs to a perceptual hash, and copies of them."""

import io

import numpy as np
from PIL import Image, ImageEnhance


def picture(seed, side=96):
    """Return smooth noise at three scales, RGB, which differs everywhere between seeds."""
    random = np.random.default_rng(seed)
    layers = [random.normal(0, 1, (cells, cells, 3)) for cells in (3, 8, 24)]
    total = sum(
        weight * np.stack([resize(layer[..., c], side) for c in range(3)], axis=-1)
        for weight, layer in zip((40, 25, 15), layers, strict=True)
    )
    return Image.fromarray(np.clip(120 + total, 0, 255).astype(np.uint8))


def resize(layer, side):
    return np.asarray(Image.fromarray(layer.astype(np.float32)).resize((side, side)))


def encode(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def copies(image):
    """Return files with the same picture by the kind of change."""
    width, height = image.size
    brighter = ImageEnhance.Brightness(image).enhance(1.1)
    edge = round(0.03 * width)
    return {
        "png": encode(image),
        "quality 60": encode(image, "JPEG", quality=60),
        "quality 30": encode(image, "JPEG", quality=30),
        "half": encode(image.resize((width // 2, height // 2)), "JPEG", quality=90),
        "other aspect": encode(image.resize((width * 2, height)), "JPEG", quality=90),
        "cropped": encode(image.crop((edge, 0, width, height - edge)), "JPEG", quality=90),
        "brighter": encode(brighter, "JPEG", quality=90),
        "grey": encode(image.convert("L"), "JPEG", quality=90),
    }
