"""Backbones: pixel scaling, features, joined backbones, and weights."""

import h5py
import numpy as np
import pytest
from pydantic import TypeAdapter
from ruamel.yaml import YAML

from convline.networks.backbones import NETWORKS, Scaling, build_extractor
from convline.params.schema import MIN_PIXELS, Backbone, Extract
from convline.records.saved_models import Description, TrainedModel, load_model
from convline.runtime import paths, tensorflow_setup
from convline.runtime.errors import UserError
from convline.runtime.keras_backend import keras
from tests.tiny_records import CPU

# From the documentation of keras.applications.
CHANNELS = {
    "vgg16": 512,
    "vgg19": 512,
    "resnet50": 2048,
    "inception_v3": 2048,
    "xception": 2048,
    "mobilenet_v2": 1280,
    "mobilenet_v3_small": 576,
    "mobilenet_v3_large": 960,
    "efficientnet_v2_b0": 1280,
    "efficientnet_v2_s": 1280,
}
# A red pixel after scaling as in Caffe or TensorFlow, or unscaled: the network scales it itself.
CAFFE, TENSORFLOW, INSIDE = [-103.939, -116.779, 131.32], [1, -1, -1], [255, 0, 0]
SCALED = {
    "vgg16": CAFFE,
    "vgg19": CAFFE,
    "resnet50": CAFFE,
    "inception_v3": TENSORFLOW,
    "xception": TENSORFLOW,
    "mobilenet_v2": TENSORFLOW,
    "mobilenet_v3_small": INSIDE,
    "mobilenet_v3_large": INSIDE,
    "efficientnet_v2_b0": INSIDE,
    "efficientnet_v2_s": INSIDE,
}


def test_the_schema_lists_all_networks():
    assert TypeAdapter(Backbone).json_schema()["enum"] == list(NETWORKS)


@pytest.mark.parametrize("name", NETWORKS)
def test_pixel_scaling_and_channels_of_each_network(workspace, name):
    tensorflow_setup.set_up(0, "float32", **CPU)
    red = np.array([[[[255, 0, 0]]]], np.float32)
    scaled = Scaling(NETWORKS[name][1])(red)
    assert np.ravel(scaled) == pytest.approx(SCALED[name])
    side = MIN_PIXELS.get(name, 32)
    size = params(backbone=name, weights="none", image_size=[side, side])
    extractor = build_extractor(size, [40, 40, 3], 0)
    assert extractor.output_shape == (None, CHANNELS[name])


def test_networks_without_scaling_have_a_scaling_layer(workspace):
    for name in ("mobilenet_v3_small", "efficientnet_v2_b0"):
        extractor = build_extractor(params(backbone=name, weights="none"), [32, 32, 3], 0)
        (backbone,) = (x for x in extractor.layers if isinstance(x, keras.Model))
        assert any(isinstance(x, keras.layers.Rescaling) for x in backbone.layers)


def test_features_of_joined_backbones_are_concatenated(workspace):
    tensorflow_setup.set_up(0, "float32", **CPU)
    names = ["mobilenet_v2", "vgg16"]
    joined = build_extractor(params(backbone=names, weights=["none", "hed"]), [32, 32, 3], 0)
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    features = joined.predict_on_batch(images)
    assert features.shape == (2, 1280 + 512)
    alone = build_extractor(params(), [32, 32, 3], 0).predict_on_batch(images)
    assert np.array_equal(features[:, 1280:], alone)


def test_random_weights_repeat_by_seed(workspace):
    found = []
    for seed in (1, 1, 2):
        keras.random.uniform([1])  # Earlier random numbers make no difference.
        random = params(backbone="mobilenet_v2", weights="none")
        extractor = build_extractor(random, [32, 32, 3], seed)
        found.append(extractor.get_weights()[0])
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


def test_an_extractor_can_be_saved_and_loaded(workspace):
    extractor = build_extractor(params(backbone="mobilenet_v2", weights="none"), [32, 32, 1], 0)
    description = Description("transfer", "images", ["0"], False, {})
    TrainedModel(extractor, description).save(paths.HEAD_MODEL)
    images = np.full((1, 32, 32, 1), 100, np.uint8)
    loaded = load_model(paths.HEAD_MODEL).network
    assert np.array_equal(loaded.predict_on_batch(images), extractor.predict_on_batch(images))


def test_the_bundled_weights_fit_vgg16_in_any_precision(workspace):
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    found = {}
    for precision in ("float32", "mixed_bfloat16"):
        tensorflow_setup.set_up(0, precision, **CPU)
        extractor = build_extractor(params(), [32, 32, 3], 0)
        assert extractor.count_params() == 14_714_688
        found[precision] = extractor.predict_on_batch(images).astype(np.float32)
    assert found["float32"].shape == (2, 512)
    error = np.abs(found["float32"] - found["mixed_bfloat16"]).max()
    assert error < 0.05 * found["float32"].max()


def test_grey_images_are_resized_and_get_three_channels(workspace):
    tensorflow_setup.set_up(0, "float32", **CPU)
    extractor = build_extractor(params(pooling="none", image_size=[64, 32]), [8, 8, 1], 0)
    assert extractor.predict_on_batch(np.ones((1, 8, 8, 1), np.uint8)).shape == (1, 2, 1, 512)


@pytest.mark.parametrize("content", ["text", "another network"])
def test_weights_of_another_network_are_refused(workspace, content):
    path = workspace / "weights.h5"
    if content == "text":
        path.write_text("This is no HDF5.")
    else:
        with h5py.File(path, "w") as file:
            file.attrs["layer_names"] = [b"dense"]
            file.create_group("dense").attrs["weight_names"] = []
    with pytest.raises(UserError, match=r"weights\.h5' does not fit: .* of vgg16 without"):
        build_extractor(params(weights=str(path)), [32, 32, 3], 0)


def params(**changes) -> Extract:
    default = YAML(typ="safe").load(paths.PARAMS)["extract"]
    return Extract(**default | {"image_size": [32, 32]} | changes)
