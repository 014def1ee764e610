"""Grad-CAM against values computed by hand; the parts of a model against the whole model."""

import numpy as np
import pytest
from PIL import Image

from convline.explanation.feature_pictures import (
    draw_edges,
    draw_feature_maps,
    draw_filters,
    draw_grad_cam,
    most_confident,
    overlay,
)
from convline.explanation.grad_cam import grad_cam
from convline.explanation.model_parts import split_model
from convline.networks.cnn import build_cnn
from convline.networks.head import build_head
from convline.networks.whole_classifier import with_extractor
from convline.params.loading import load_params
from convline.runtime.keras_backend import keras
from tests.classifiers import scratch, transfer_head
from tests.made_predictions import predictions


def linear(weights, output="softmax"):
    """A model whose convolution outputs the image and its negative, and one dense layer."""
    inputs = keras.Input((2, 2, 1))
    conv = keras.layers.Conv2D(2, 1, use_bias=False)
    dense = keras.layers.Dense(len(weights[0]), activation=output, name="output")
    model = keras.Model(inputs, dense(keras.layers.Flatten()(conv(inputs))), name="scratch")
    conv.set_weights([np.array([[[[1.0, -1.0]]]])])
    dense.set_weights([np.array(weights, float), np.zeros(len(weights[0]))])
    return model


def test_grad_cam_by_hand():
    # Rows: channels 0 and 1 of four places. Class 0 uses channel 0, class 1 channel 1.
    model = linear([[2, 0], [0, 1], [4, 0], [0, 1], [2, 0], [0, 1], [0, 0], [0, 1]])
    image = np.array([[[[10], [40]], [[20], [0]]]], np.uint8)
    # Class 0: the mean gradient of channel 0 is 2, of channel 1 0: 20, 80, 40, 0.
    heat = grad_cam(split_model(scratch(model)), image, np.array([0]))
    assert heat[0].tolist() == [[0.25, 1], [0.5, 0]]
    # Class 1: the mean of channel 1 is 1, and its values are negative, so nothing is above zero.
    assert not grad_cam(split_model(scratch(model)), image, np.array([1])).any()


def test_grad_cam_of_a_sigmoid_is_of_the_second_class_and_negated_of_the_first():
    model = linear([[1], [0]] * 4, "sigmoid")
    image = np.full((1, 2, 2, 1), 50, np.uint8)
    assert grad_cam(split_model(scratch(model)), image, np.array([1])).all()
    assert not grad_cam(split_model(scratch(model)), image, np.array([0])).any()


@pytest.fixture
def params(workspace, set_params):
    set_params(
        **{
            "preprocess.image_size": [40, 40],
            "extract.weights": "none",
            "extract.image_size": [32, 32],
            "train.filters": [4, 6],
            "train_head.dense_units": [5],
        }
    )
    return load_params()


@pytest.mark.parametrize("kind", ["scratch", "one", "several"])
def test_the_parts_compute_the_same_as_the_whole_model(params, kind):
    image = np.random.default_rng(0).integers(0, 256, (3, 40, 40, 1), np.uint8)
    keras.utils.set_random_seed(1)
    if kind == "scratch":
        model = scratch(build_cnn(params.train, [40, 40, 1], 3))
    else:
        names = ["mobilenet_v2", "vgg16"] if kind == "several" else "vgg16"
        extract = params.extract.model_copy(update={"backbone": names})
        channels = 1280 + 512 if kind == "several" else 512
        head = transfer_head(build_head(params.train_head, (channels,), 3))
        model = with_extractor(head, extract, [40, 40, 1], 0)
    parts, expected = split_model(model), model.network.predict_on_batch(image)
    pixels = keras.ops.convert_to_tensor(image, "float32")
    logits = parts.logits(pixels, parts.maps(pixels))
    assert keras.ops.softmax(logits).numpy() == pytest.approx(expected, abs=1e-5)
    responses = parts.responses(pixels)
    assert len(responses) == len(parts.convolutions) == len(set(parts.names)) > 1
    if kind == "several":
        first, last = parts.names[0], parts.names[-1]
        assert (first, last) == ("mobilenet_v2\nConv1", "vgg16\nblock5_conv3")
    heat = grad_cam(parts, image, expected.argmax(axis=1))
    assert heat.shape[0] == 3
    assert heat.min() >= 0
    assert heat.max() <= 1
    assert draw_edges(parts, image[0]).height == 300
    assert draw_filters(parts).height >= 100
    assert draw_feature_maps(parts, image[0]).height == 100 * (1 + len(responses))


def test_the_most_confident_predictions_come_first():
    p = [[0.6, 0.4], [0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]
    some = predictions([0, 0, 0, 0], p, keys=["a", "b", "c", "d"])
    correct, wrong = most_confident(some)
    assert correct.tolist() == [1, 0]
    assert wrong.tolist() == [2, 3]
    model = linear([[1, 0], [0, 1]] * 4)
    images = {key: np.full((2, 2, 1), 50, np.uint8) for key in "abcd"}
    assert draw_grad_cam(split_model(scratch(model)), some, images).height == 400
    # Without a correct prediction there are two rows fewer.
    wrong_only = predictions([1], [[1, 0]], keys=["a"])
    assert draw_grad_cam(split_model(scratch(model)), wrong_only, images).height == 200


def test_hot_places_are_red_and_cold_ones_blue():
    heat = np.zeros((4, 4), np.float32)
    heat[0, 0] = 1
    picture = overlay(Image.new("L", (96, 96), 128), heat)
    (r, _, b), (r2, _, b2) = picture.getpixel((2, 2)), picture.getpixel((90, 90))
    assert r > b
    assert b2 > r2


def test_sobel_finds_horizontal_edges_only():
    image = np.zeros((16, 16, 1), np.uint8)
    image[8:] = 200
    model = build_linear(image.shape)
    sheet = draw_edges(split_model(scratch(model)), image).convert("L")
    left = sheet.width - 3 * 100  # three images follow the label
    horizontal, vertical = ((left + 100 * i, 100) for i in (0, 1))
    # Also with a single convolution, for which Keras returns a tensor instead of a list.
    assert split_model(scratch(model)).responses(image[np.newaxis])[0].shape == (1, 14, 14, 1)
    at = [sheet.crop((x, y, x + 96, y + 96)).getextrema() for x, y in (horizontal, vertical)]
    assert at[0] == (0, 255)  # the border between dark and bright runs across
    assert at[1] == (0, 0)


def build_linear(shape):
    inputs = keras.Input(shape)
    x = keras.layers.Flatten()(keras.layers.Conv2D(1, 3)(inputs))
    outputs = keras.layers.Dense(2, activation="softmax", name="output")(x)
    return keras.Model(inputs, outputs)
