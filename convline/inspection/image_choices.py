"""Choose the size, the colours and the encoding of the images, and the pre-trained network."""

import math
from collections.abc import Iterator, Sequence

from convline.images.pixel_conversion import ALL_BITS
from convline.images.significant_bits import find_peaks
from convline.inspection.choice import Choice
from convline.inspection.image_sample import ImageSample
from convline.inspection.pretrained_weights import choose_weights

# Sizes of photographs, in pixels; images up to SMALL pixels keep their own.
SIDES = (64, 96, 128, 160, 192, 224)  # 224 is the size of VGG16's training
SMALL = 64
ENLARGED = 1.1  # images are enlarged by no more
MANY, MANY_SIDE = 20_000, 160  # 224 pixels take twice the time
SMALL_FEATURES = 64  # VGG16 takes 32 or more; with 64, features of CIFAR-10 gave 0.717
# Width / height up to 1.1 is nearly a square; beyond 2, the middle shows half of the image or less.
ALIKE, LONG = 1.1, 2.0
GREY = 0.99  # share of the images without colours
MOST_RAW = 20e9  # bytes of uncompressed TFRecords


def choose_images(sample: ImageSample, count: int) -> Iterator[Choice]:
    """Yield choices for the sections organize and preprocess.

    Args:
        sample: measured images.
        count: number of images with a class.
    """
    yield from _choose_bad(sample)
    shape = sample.shape()
    side = choose_side(shape.short_side, count)
    sizes = f"the median is {shape.height}x{shape.width} pixels"
    if side > SMALL and count > MANY:
        sizes += f"; more than {MANY:,} images: {MANY_SIDE} pixels at most"
    elif side > SMALL:
        sizes += f"; VGG16 was trained on {SIDES[-1]}x{SIDES[-1]}"
    yield Choice("preprocess.image_size", [side, side], sizes)
    yield _choose_aspect_ratio(shape.ratios)
    grey = len(sample.coloured) <= (1 - GREY) * len(sample.images)
    colours = f"{len(sample.coloured):,} of {len(sample.images):,} images have colours"
    yield Choice("preprocess.color_mode", "grayscale" if grey else "rgb", colours)
    peak = find_peaks(sample.images).get("peak_16_bit")
    if peak is not None:
        bits = max(8, peak.bit_length()) if sample.complete else ALL_BITS
        yield Choice("preprocess.bit_depth", bits, f"the largest 16-bit value found is {peak:,}")
    raw = count * side * side * (1 if grey else 3)
    if raw > MOST_RAW:
        why = f"uncompressed images would take {raw / 1e9:,.0f} GB"
        yield Choice("preprocess.encoding", "jpeg", why)


def choose_features(image_size: Sequence[int], backbone: object) -> Iterator[Choice]:
    """Yield choices for the section extract.

    Args:
        image_size: of preprocess, height and width in pixels.
        backbone: `extract.backbone`.
    """
    size = [max(side, SMALL_FEATURES) for side in image_size]
    why = "as preprocess" if size == list(image_size) else "VGG16's features need 32 or more"
    yield Choice("extract.image_size", size, why)
    yield choose_weights(backbone)
    yield Choice("extract.precision", "auto", "bfloat16 where the hardware has it")


def choose_side(short_side: int, count: int) -> int:
    """Return the height and width of the network's input.

    Args:
        short_side: median of the shorter sides of the images, in pixels.
        count: number of images.
    """
    if short_side <= SMALL:
        return max(short_side, 8)
    side = max(x for x in SIDES if x <= ENLARGED * short_side)
    return min(side, MANY_SIDE) if count > MANY else side


def _choose_bad(sample: ImageSample) -> Iterator[Choice]:
    bad, drawn = len(sample.bad), sample.count
    if sample.complete:
        if bad:
            why = f"{bad:,} of {drawn:,} images cannot be decoded and are left out"
            yield Choice("organize.max_bad_images", bad, why)
        return
    # Three standard deviations above the share in the sample, rounded up to whole percent.
    share = sample.bad_share
    limit = math.ceil(100 * (share + 3 * math.sqrt(share * (1 - share) / drawn))) or 1
    why = f"{bad:,} of {drawn:,} sampled images cannot be decoded; such images are left out"
    yield Choice("organize.max_bad_images", f"{limit}%", why)


def _choose_aspect_ratio(ratios: tuple[float, float, float]) -> Choice:
    low, middle, high = ratios
    shown = f"width / height is {middle:.2f} ({low:.2f} to {high:.2f} for 90 % of the images)"
    param = "preprocess.aspect_ratio"
    if max(high, 1 / low) <= ALIKE:
        return Choice(param, "stretch", f"{shown}: nearly square")
    if max(high, 1 / low) > LONG:
        return Choice(param, "pad", f"{shown}: the middle alone would lose too much")
    return Choice(param, "crop", f"{shown}: stretching would distort them")
