"""The classifier computes the same as preprocessing, backbone and model one after the other."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convline.networks.backbones import build_extractor
from convline.networks.whole_classifier import build_classifier, with_extractor
from convline.params.loading import load_params
from convline.records.saved_models import load_model
from convline.records.shards import load_image
from convline.runtime.keras_backend import keras
from tests.classifiers import scratch, transfer_head

SIZES = [(100, 130), (37, 20), (64, 48), (480, 640), (9, 300), (1, 1)]
CHANNELS = {"grayscale": 1, "rgb": 3}


def noise(height, width):
    return np.random.default_rng([height, width]).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("color_mode", ["grayscale", "rgb"])
@pytest.mark.parametrize(
    ("takes", "aspect_ratio"),
    [("images", "stretch"), ("features", "stretch"), ("images", "crop"), ("features", "pad")],
)
def test_preprocessing_and_backbone_are_inside(
    workspace, set_params, color_mode, takes, aspect_ratio
):
    set_params(
        **{
            "preprocess.color_mode": color_mode,
            "preprocess.image_size": [40, 32],
            "preprocess.aspect_ratio": aspect_ratio,
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
    # Plain Keras can load it as well.
    loaded = keras.models.load_model(workspace / "classifier.keras", compile=False)
    for height, width in SIZES:
        image = noise(height, width)
        Image.fromarray(image).save("image.png")
        small, _ = load_image(Path("image.png"), params.preprocess)
        pixels = np.asarray(small).reshape(1, *shape).astype(np.float32)
        expected = network(pixels if takes == "images" else extractor(pixels)).numpy()
        given = loaded(image[np.newaxis]).numpy()
        assert given.dtype == np.float32
        assert given.shape == (1, 2)
        assert given == pytest.approx(np.hstack([1 - expected, expected]), abs=2e-3)


def test_the_classifier_is_always_in_inference_mode(workspace, set_params):
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
    # Without `training=False`, as users and exporters call it.
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
