"""`convline explain`: what a classifier of each kind looks at in a picture."""

import re
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

from convline.cli import explain
from convline.networks.backbones import backbone_convolutions, build_extractor, join
from convline.networks.cnn import build_cnn
from convline.networks.head import build_head
from convline.networks.whole_classifier import build_classifier, with_extractor
from convline.params.loading import load_params
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.keras_backend import keras
from convline.serving.loaded_classifier import load_classifier
from tests import commands
from tests.browser import CHROMIUM, Browser
from tests.classifiers import scratch, transfer_head
from tests.commands import REPOSITORY

CLASSES = ["bee", "<i>cat", "dog"]
SHAPE = [40, 36, 3]
KINDS = ["scratch", "features", "fine-tuned"]


@pytest.fixture(scope="module", params=KINDS)
def inside(request, tmp_path_factory):
    """A folder with a classifier of one kind, a picture and its page."""
    folder = tmp_path_factory.mktemp(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_classifier(request.param)
        call("photo.png", "--classes", "2")
        yield request.param


def write_classifier(kind):
    params = load_params(REPOSITORY / "presets/default.yaml")
    preprocess = params.preprocess.model_copy(update={"image_size": SHAPE[:2], "color_mode": "rgb"})
    extract = params.extract.model_copy(update={"weights": "none", "image_size": [32, 32]})
    keras.utils.set_random_seed(3)
    if kind == "scratch":
        network = build_cnn(params.train.model_copy(update={"filters": [4, 6]}), SHAPE, 3)
        model = scratch(network, CLASSES)
    else:
        model = transfer_head(build_head(params.train_head, (512,), 3), CLASSES)
    if kind == "fine-tuned":
        extractor = build_extractor(extract, SHAPE, params.seed)
        convolutions = backbone_convolutions(extractor, extract)
        network = join(extractor, model.network)
        model = model.described(network, takes="images", convolutions=convolutions)
    model = with_extractor(model, extract, SHAPE, params.seed)
    build_classifier(model, preprocess).save(paths.CLASSIFIER)
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    Image.fromarray(pixels).save("photo.png")


def test_the_page_shows_the_prediction_and_loads_nothing(inside):
    classifier = load_classifier()
    image = classifier.decode(Path("photo.png").read_bytes())
    (p,) = classifier.predict([image], batch_size=1)
    page = explain.PAGE.read_text(encoding="utf-8")
    label = CLASSES[p.argmax()].replace("<", "&lt;").replace(">", "&gt;")
    assert f'class="verdict">{label}, {100 * p.max():.1f}&nbsp;%' in page
    assert [float(x) for x in re.findall(r'number">([\d.]+)<', page)] == pytest.approx(
        sorted(p, reverse=True), abs=6e-4
    )
    heat_maps = page.count("The picture with a heat map")
    assert heat_maps + page.count("No place in the picture") == 2
    # The picture, the heat maps, and sheets of edges, filters and feature maps.
    assert page.count("<img ") == page.count('src="data:image/png') == 4 + heat_maps
    assert "<i>cat" not in page
    # The parts of the model compute the same as the whole model.
    parts = classifier.parts
    pixels = keras.ops.convert_to_tensor(classifier.resize(image)[np.newaxis])
    logits = parts.logits(pixels, parts.maps(pixels))
    assert keras.ops.softmax(logits).numpy()[0] == pytest.approx(p, abs=1e-5)
    assert len(parts.convolutions) == (2 if inside == "scratch" else 13)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_a_browser_shows_it_at_any_width(inside, tmp_path):
    address = explain.PAGE.absolute().as_uri()
    with Browser(tmp_path) as browser:
        for width in (1280, 390):
            browser.open(address, width)
            assert browser.value("document.scrollingElement.scrollWidth") <= width
            images = "[...document.images]"
            assert browser.value(f"{images}.every(x => x.naturalWidth > 90)")
    assert set(browser.requests) == {address}
    assert browser.complaints == []


def test_an_image_that_cannot_be_read_is_one_message(workspace):
    write_classifier("scratch")
    (workspace / "notes.txt").write_text("no picture")
    for name, message in (
        ("notes.txt", "notes.txt: not an image"),
        (
            "nothing.png",
            "nothing.png cannot be read: No such file or directory; pass one image file",
        ),
        ("models", "models cannot be read: Is a directory; pass one image file"),
    ):
        with pytest.raises(UserError, match=message):
            call(name)
    assert not explain.PAGE.exists()


def test_an_image_of_any_shape_is_shown(workspace):
    write_classifier("scratch")
    for size in ((1, 1), (1000, 1), (1, 1000)):
        Image.new("RGB", size, "red").save("odd.png")
        call("odd.png", "-o", f"{size[0]}.html")


def test_a_page_that_cannot_be_written_is_refused_before_any_work(workspace):
    (workspace / "photo.png").write_bytes(b"")
    with pytest.raises(click.UsageError, match=f"cannot write to '{workspace}/photo.png'"):
        call("photo.png", "-o", "photo.png/page.html")


def test_a_missing_model_is_one_message(workspace):
    (workspace / "photo.png").write_bytes(b"")
    with pytest.raises(UserError, match=r"there is no models/classifier.keras; run `dvc repro`"):
        call("photo.png")


def call(*arguments):
    commands.call(explain.main, *arguments)
