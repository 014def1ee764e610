"""Perceptual hashes: equal for copies, absent for small images, and found without comparing all."""

import io

import numpy as np
import pytest
from PIL import Image

from convline.images import perceptual_hash as module
from convline.images.perceptual_hash import find_similar, perceptual_hash
from tests.pictures import copies, encode, picture


def hash_of(image):
    return perceptual_hash(image, image.height, image.width)


def hashes(count):
    return [hash_of(picture(seed)) for seed in range(count)]


def test_a_hash_has_121_bytes_and_images_under_32_pixels_have_none():
    assert len(hash_of(picture(0, 32))) == 121
    assert hash_of(picture(0, 31)) is None
    assert hash_of(picture(0, 64).resize((64, 31))) is None


@pytest.mark.parametrize("kind", copies(picture(0)))
def test_a_copy_is_similar_and_other_pictures_are_not(kind):
    copy = Image.open(io.BytesIO(copies(picture(7))[kind]))
    pairs, crowded = find_similar([*hashes(20), hash_of(copy)])
    assert (pairs.tolist(), crowded) == ([[7, 20]], 0)


def test_a_reduced_jpeg_has_the_hash_of_the_whole_image():
    # 150 pixels at 1/4 are 37.5, decoded as 38.
    data = encode(picture(0, 150), "JPEG", quality=95)
    whole, reduced = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(data))
    reduced.draft(None, (32, 32))
    assert reduced.size == (38, 38)
    one, other = (perceptual_hash(image, 150, 150) for image in (whole, reduced))
    difference = np.frombuffer(one, np.uint8).astype(int) - np.frombuffer(other, np.uint8)
    assert abs(difference).max() <= 4


def test_blank_images_are_similar_to_none():
    noise = np.random.default_rng(0).integers(-3, 4, (9, 64, 64))
    blank = [
        hash_of(Image.fromarray((level + noise[i]).astype(np.uint8)))
        for i, level in enumerate((3, 3, 128, 128, 128, 200, 250, 250, 250))
    ]
    assert find_similar(blank)[0].tolist() == []


def test_none_and_one_image():
    assert find_similar([])[0].shape == (0, 2)
    assert find_similar(hashes(1))[0].shape == (0, 2)


def test_images_that_all_look_alike_are_compared_with_their_closest_only_and_counted():
    random = np.random.default_rng(0)
    base = np.frombuffer(hashes(1)[0], np.uint8).astype(int)
    alike = [(base + random.integers(-2, 3, 121)).clip(0, 255) for _ in range(300)]
    pairs, crowded = find_similar([x.astype(np.uint8).tobytes() for x in alike])
    assert crowded == 300
    assert 300 * module.NEIGHBOURS / 2 <= len(pairs) <= 300 * module.NEIGHBOURS


def test_the_order_of_the_images_does_not_matter():
    images = [*hashes(12), *(hash_of(picture(seed).convert("L")) for seed in range(12))]
    order = np.random.default_rng(1).permutation(24)
    pairs, shuffled = (find_similar(x)[0] for x in (images, [images[i] for i in order]))
    assert sorted(map(tuple, np.sort(order[shuffled], axis=1))) == list(map(tuple, pairs))
    assert pairs.tolist() == [[i, i + 12] for i in range(12)]
