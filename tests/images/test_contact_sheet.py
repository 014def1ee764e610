"""Contact sheets: where images and captions are, and how images are resized."""

import numpy as np
import pytest
from PIL import Image

from convline.images.contact_sheet import draw_grid, draw_rows, fit_image, to_image

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def picture(colour, width=30, height=20):
    return Image.new("RGB", (width, height), colour)


def test_a_grid_breaks_into_rows():
    images = [picture(RED)] * 4 + [picture(BLUE)]
    sheet = draw_grid(images, [["one", "two"]] * 5, if_empty="nothing")
    width, height = 168 + 8, 168 + 2 * 16 + 16
    assert sheet.size == (4 * width, 2 * height)
    assert sheet.getpixel((88, 88)) == sheet.getpixel((3 * width + 88, 88)) == RED
    assert sheet.getpixel((88, height + 88)) == BLUE
    # The second image of the second row is missing.
    assert sheet.getpixel((width + 88, height + 88)) == WHITE


def test_captions_are_below_their_images():
    sheet = draw_grid([picture(RED, 20, 20)] * 2, [["mmm"], [""]], if_empty="nothing")
    below = [sheet.crop((left, 173, left + 176, sheet.height)) for left in (0, 176)]
    assert is_written(below[0])
    assert not is_written(below[1])


def test_a_grid_without_images_shows_a_text():
    assert is_written(draw_grid([], [], if_empty="no mistakes"))


@pytest.mark.parametrize("label", ["W" * 100, "猫" * 100])
def test_long_labels_and_captions_are_cut(label):
    sheet = draw_rows([(label, [picture(RED, 20, 20)])])
    assert sheet.width <= 150 + 12 + 100
    assert sheet.getpixel((sheet.width - 100, 0)) == RED
    sheet = draw_grid([picture(RED)] * 2, [[label], [""]], if_empty="nothing")
    assert not is_written(sheet.crop((174, 173, 352, sheet.height)))


def test_rows_of_images_have_a_label_in_front():
    rows = [("cats\nof one owner", [picture(RED)] * 3), ("", [picture(BLUE)])]
    sheet = draw_rows(rows)
    indent = sheet.width - 3 * 100
    assert sheet.height == 2 * 100
    assert is_written(sheet.crop((0, 0, indent, 100)))
    assert not is_written(sheet.crop((0, 100, indent, 200)))
    for column, row, colour in ((0, 0, RED), (2, 0, RED), (0, 1, BLUE), (1, 1, WHITE)):
        assert sheet.getpixel((indent + column * 100 + 48, row * 100 + 48)) == colour


def test_images_are_centred_in_their_square():
    sheet = draw_rows([("", [picture(RED, 40, 20)])])
    left = sheet.width - 100
    middle = [sheet.getpixel((left + 48, y)) for y in (23, 24, 71, 72)]
    assert middle == [WHITE, RED, RED, WHITE]


def test_there_can_be_no_rows():
    assert draw_rows([]).width > 0


def test_pixels_of_small_images_stay_visible():
    checks = Image.fromarray((np.indices((4, 4)).sum(axis=0) % 2 * 255).astype(np.uint8))
    enlarged = fit_image(checks, 96)
    assert enlarged.size == (96, 96)
    assert {value for _, value in enlarged.getcolors()} == {0, 255}


@pytest.mark.parametrize(
    ("size", "expected"), [((50, 25), (96, 48)), ((1000, 1), (96, 1)), ((200, 400), (48, 96))]
)
def test_the_aspect_ratio_is_kept(size, expected):
    assert fit_image(Image.new("L", size), 96).size == expected


@pytest.mark.parametrize("shape", [(5, 6), (5, 6, 1), (5, 6, 3)])
def test_arrays_become_rgb_images(shape):
    image = to_image(np.full(shape, 7, np.uint8))
    assert (image.mode, image.size, image.getpixel((0, 0))) == ("RGB", (6, 5), (7, 7, 7))


def is_written(image):
    return image.convert("L").getextrema()[0] < 128
