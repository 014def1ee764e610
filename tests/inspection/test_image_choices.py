"""Which sizes, colours and pre-trained weights `convline init` chooses."""

import io
from pathlib import Path

import numpy as np
import pytest
from keras.src.applications import vgg16
from PIL import Image

from convline.inspection import image_choices, pretrained_weights
from convline.inspection.image_choices import choose_side
from convline.runtime.errors import UserError
from tests.inspection.plans import chosen, photo, photos, plan_for


@pytest.mark.parametrize(
    ("short_side", "count", "side"),
    [
        (8, 1797, 8),
        (28, 70_000, 28),
        (32, 60_000, 32),
        (64, 1000, 64),
        (70, 1000, 64),
        (90, 1000, 96),
        (100, 1000, 96),
        (150, 2000, 160),
        (224, 5856, 224),
        (3000, 2000, 224),
        (3000, 25_000, 160),
        (4, 100, 8),
    ],
)
def test_the_size_follows_the_images(short_side, count, side):
    assert choose_side(short_side, count) == side


@pytest.mark.parametrize(
    ("sizes", "value"),
    [([(40, 40), (40, 42)], "stretch"), ([(40, 30), (30, 40)], "crop"), ([(40, 30)], "crop"),
     ([(90, 30)], "pad"), ([(30, 90)], "pad")],
)  # fmt: skip
def test_the_aspect_ratio_is_kept_where_it_differs_from_a_square(sizes, value):
    names = [f"{c}/{i}.png" for c in ("cat", "dog") for i in range(20)]
    files = {name: photo(i, *sizes[i % len(sizes)]) for i, name in enumerate(names)}
    assert chosen(plan_for(files))["preprocess.aspect_ratio"] == value


def test_grey_images_stored_as_colour_are_grey():
    grey = photos(["cat", "dog"], mode="L")
    as_rgb = {}
    for name, data in grey.items():
        buffer = io.BytesIO()
        Image.open(io.BytesIO(data)).convert("RGB").save(buffer, "JPEG", quality=80)
        as_rgb[name] = buffer.getvalue()
    assert chosen(plan_for(as_rgb))["preprocess.color_mode"] == "grayscale"
    assert chosen(plan_for(photos(["cat", "dog"])))["preprocess.color_mode"] == "rgb"


def test_the_bits_of_16_bit_images_are_counted():
    files = {}
    for number in range(40):
        pixels = np.random.default_rng(number).integers(0, 4096, (16, 16), dtype=np.uint16)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        files[f"{('cat', 'dog')[number % 2]}/{number}.png"] = buffer.getvalue()
    assert chosen(plan_for(files))["preprocess.bit_depth"] == 12


def test_bad_images_are_left_out_up_to_a_fifth():
    files = photos(["cat", "dog"], 50)
    bad = dict.fromkeys(list(files)[:3], b"\x89PNG\r\n")
    plan = plan_for({**files, **bad})
    assert chosen(plan)["organize.max_bad_images"] == 3
    assert len(plan.found.sample.bad) == 3
    bad = dict.fromkeys(list(files)[:30], b"\x89PNG\r\n")
    with pytest.raises(UserError, match="30 of 100 images cannot be decoded"):
        plan_for({**files, **bad})


def test_a_sample_allows_for_bad_images_that_it_does_not_show(monkeypatch):
    monkeypatch.setattr("convline.inspection.image_sample.SIZE", 40)
    plan = plan_for(photos(["cat", "dog"], 100))
    assert not plan.found.sample.complete
    assert chosen(plan)["organize.max_bad_images"] == "1%"


def test_large_data_sets_are_stored_as_jpeg(monkeypatch):
    assert "preprocess.encoding" not in chosen(plan_for(photos(["cat", "dog"])))
    monkeypatch.setattr(image_choices, "MOST_RAW", 1000)
    assert chosen(plan_for(photos(["cat", "dog"])))["preprocess.encoding"] == "jpeg"


def test_small_images_are_enlarged_for_the_backbone():
    values = chosen(plan_for(photos(["cat", "dog"])))
    assert (values["preprocess.image_size"], values["extract.image_size"]) == ([20, 20], [64, 64])


def test_imagenet_weights_are_chosen_where_keras_has_them(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(pretrained_weights, "FOLDER", "http://127.0.0.1:9/")
    assert pretrained_weights.choose_weights("vgg16").value == "hed"
    cached = tmp_path / "models" / pretrained_weights.FILE
    cached.parent.mkdir()
    cached.touch()
    assert pretrained_weights.choose_weights("vgg16").value == "imagenet"


def test_imagenet_weights_are_chosen_where_they_can_be_downloaded(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "none"))
    Path(tmp_path, pretrained_weights.FILE).touch()
    monkeypatch.setattr(pretrained_weights, "FOLDER", f"file://{tmp_path}/")
    assert pretrained_weights.choose_weights("vgg16").value == "imagenet"


def test_keras_has_the_weights_under_this_name():
    assert vgg16.WEIGHTS_PATH_NO_TOP == pretrained_weights.FOLDER + pretrained_weights.FILE
