"""One model from image files to probabilities: the same as evaluate computed, image by image."""

import numpy as np
import pytest
from PIL import Image

from convline.evaluation.model_choice import choose
from convline.evaluation.score_summary import Summary
from convline.networks.backbones import build_extractor
from convline.networks.resizing import Luma, PillowResizing
from convline.networks.whole_classifier import build_classifier, with_extractor
from convline.params.loading import load_params
from convline.records.saved_models import load_model
from convline.runtime.keras_backend import keras
from tests.classifiers import scratch, transfer_head

SIZES = [(100, 130), (37, 20), (64, 48), (480, 640), (9, 300), (1, 1)]
CHANNELS = {"grayscale": 1, "rgb": 3}


def noise(height, width):
    return np.random.default_rng([height, width]).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos"])
def test_it_resizes_as_pillow_does(interpolation):
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, PillowResizing(64, 48, interpolation)(inputs))
    for height, width in SIZES:
        image = noise(height, width)
        resample = Image.Resampling[interpolation.upper()]
        theirs = np.asarray(Image.fromarray(image).resize((48, 64), resample)).astype(int)
        ours = model(image[np.newaxis].astype(np.float32)).numpy()[0]
        # A sum that ends on a half may be rounded to either side.
        difference = np.abs(ours - theirs)
        assert difference.max() <= (0 if interpolation == "nearest" else 1)
        assert (difference > 0).mean() < 0.01


def test_it_turns_grey_as_pillow_does():
    image = noise(200, 300)
    ours = Luma()(image[np.newaxis].astype(np.float32)).numpy()[0, ..., 0]
    assert np.array_equal(ours, np.asarray(Image.fromarray(image).convert("L")))


@pytest.mark.parametrize("color_mode", ["grayscale", "rgb"])
@pytest.mark.parametrize("takes", ["images", "features"])
def test_preprocessing_and_backbone_are_inside(workspace, set_params, color_mode, takes):
    set_params(
        **{
            "preprocess.color_mode": color_mode,
            "preprocess.image_size": [40, 32],
            "extract.weights": "none",
            "extract.image_size": [32, 32],
        }
    )
    params = load_params()
    shape = (40, 32, CHANNELS[color_mode])
    keras.utils.set_random_seed(1)
    extractor = build_extractor(params.extract, list(shape), params.seed)
    inputs = keras.Input(shape if takes == "images" else extractor.output_shape[1:])
    x = keras.layers.Flatten()(inputs)
    x = keras.layers.Rescaling(1 / 255)(x)
    network = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x), name="scratch")
    model = scratch(network) if takes == "images" else transfer_head(network)
    complete = with_extractor(model, params.extract, list(shape), params.seed)
    build_classifier(complete, params.preprocess).save(workspace / "classifier.keras")
    # Plain Keras loads it, too.
    loaded = keras.models.load_model(workspace / "classifier.keras", compile=False)
    for height, width in SIZES:
        image = noise(height, width)
        mode = "L" if color_mode == "grayscale" else "RGB"
        small = Image.fromarray(image).convert(mode).resize((32, 40), Image.Resampling.BILINEAR)
        pixels = np.asarray(small).reshape(1, *shape).astype(np.float32)
        expected = network(pixels if takes == "images" else extractor(pixels)).numpy()
        given = loaded(image[np.newaxis]).numpy()
        assert given.dtype == np.float32
        assert given.shape == (1, 2)
        assert given == pytest.approx(np.hstack([1 - expected, expected]), abs=2e-3)


def test_it_never_trains(workspace, set_params):
    set_params(**{"extract.weights": "none", "extract.image_size": [32, 32]})
    params = load_params()
    inputs = keras.Input((512,))
    x = keras.layers.Dropout(0.5)(inputs)
    head = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))
    model = with_extractor(transfer_head(head), params.extract, [8, 8, 1], 0)
    build_classifier(model, params.preprocess).save(workspace / "c.keras")
    loaded = load_model(workspace / "c.keras").network
    image = noise(20, 30)[np.newaxis]
    expected = loaded.predict_on_batch(image)
    # Without `training=False`, as people and exporters call it.
    for _ in range(3):
        assert loaded(image).numpy() == pytest.approx(expected, rel=1e-5)


def test_equal_classifiers_are_equal_bytes(workspace):
    params = load_params()
    for name in ("one", "two"):
        keras.utils.clear_session()  # layers are numbered
        keras.utils.set_random_seed(1)
        inputs = keras.Input((8, 8, 1))
        outputs = keras.layers.Dense(3, activation="softmax")(keras.layers.Flatten()(inputs))
        model = keras.Model(inputs, outputs, name="scratch")
        build_classifier(scratch(model), params.preprocess).save(workspace / f"{name}.keras")
    assert (workspace / "one.keras").read_bytes() == (workspace / "two.keras").read_bytes()


def test_the_better_model_on_validation_is_chosen():
    def summary(accuracy, loss):
        return Summary({}, {"validation": {("accuracy", ""): accuracy, ("loss", ""): loss}}, {})

    right, unsure, wrong = summary(1, 0.1), summary(1, 0.5), summary(0.5, 0.05)
    assert choose("auto", {"scratch": wrong, "transfer": unsure}) == "transfer"
    assert choose("auto", {"scratch": right, "transfer": wrong}) == "scratch"
    # Equally accurate: the one with the lower loss.
    assert choose("auto", {"scratch": unsure, "transfer": right}) == "transfer"
    assert choose("scratch", {"scratch": wrong, "transfer": right}) == "scratch"
