"""Find images whose values fill a small part of their 16 bits, as those of cameras of 10 or 12."""

from collections.abc import Iterator, Mapping

from convline.images.pixel_conversion import ALL_BITS
from convline.images.scan import Image

HALF = 2**15  # images with larger values use all 16 bits


def find_peaks(images: Mapping[str, Image]) -> dict[str, int]:
    """Return the metric `peak_16_bit`, the largest value of images with 16-bit channels, if any."""
    peaks = [image.peak for image in images.values() if image.peak is not None]
    return {"peak_16_bit": max(peaks)} if peaks else {}


def warn_of_unused_bits(images: Mapping[str, Image], bit_depth: int = ALL_BITS) -> Iterator[str]:
    """Yield warnings on 16-bit images, grey and colour, that would become nearly black.

    Args:
        images: facts about all images.
        bit_depth: `preprocess.bit_depth`; grey images that need as many bits are not warned of.
    """
    for colour in (False, True):
        peaks = [
            image.peak
            for image in images.values()
            if image.peak is not None and image.loses_low_bytes == colour
        ]
        if peaks and max(peaks) < HALF:
            if colour:
                yield _describe_colour(peaks)
            elif max(8, max(peaks).bit_length()) < bit_depth:
                yield _describe_grey(peaks, bit_depth)


def _describe_grey(peaks: list[int], bit_depth: int) -> str:
    peak = max(peaks)
    bits = max(8, peak.bit_length())
    found = f"the largest value of all 16-bit images ({len(peaks):,}) is {peak:,}"
    kept, now = (peak >> bits - 8) + 1, (peak >> bit_depth - 8) + 1
    advice = f"preprocess.bit_depth: {bits} keeps {kept} grey levels instead of {now}"
    return f"{found}, which fits in {bits} bits: {advice}"


def _describe_colour(peaks: list[int]) -> str:
    peak = max(peaks)
    fits = f"the largest value of all 16-bit colour images ({len(peaks):,}) is at most {peak:,}"
    levels = f"of 16-bit colour the high bytes alone are read, here {(peak >> 8) + 1} levels"
    return f"{fits}, and {levels}; save these images with 8 bits per channel, scaled to 255"
