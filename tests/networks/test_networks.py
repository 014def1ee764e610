"""The networks that params describe: the CNN and the head."""

from typing import get_args

import numpy as np
import pytest
from ruamel.yaml import YAML

from convline.networks import cnn
from convline.networks.cnn import build_cnn
from convline.networks.head import build_head
from convline.params import presets
from convline.params.loading import validate
from convline.params.schema import Activation
from convline.runtime.keras_backend import keras
from convline.runtime.tensorflow_setup import tf

# Parameters of the scratch CNN and of the head; equal to those of the tutorials that state them.
PARAMETERS = {
    "cat-and-dog": (1_355_938, 4_326_401),
    "chest-xray": (11_169_089, 131_585),
    "chest-xray-lab": (228_353, 131_585),
    "cifar10": (225_034, 133_898),
    "cifar10-dropout": (33_834, 133_898),
    "cifar10-intro": (79_530, 133_898),
    "default": (36_298, 133_898),
    "dogs-vs-cats": (1_355_938, 4_326_401),
    "fashion-mnist": (220_234, 133_898),
    "lenet5": (61_706, 133_898),
}


@pytest.mark.parametrize(("name", "expected"), PARAMETERS.items())
def test_the_models_of_each_preset_have_their_exact_sizes(name, expected):
    params = validate(YAML(typ="safe").load(presets.render(name)), name)
    preprocess, extract = params.preprocess, params.extract
    channels = 1 if preprocess.color_mode == "grayscale" else 3
    classes = 2 if name.startswith(("cat", "chest", "dogs")) else 10
    scratch = build_cnn(params.train, [*preprocess.image_size, channels], classes)
    rows, columns = (side // 32 for side in extract.image_size)
    features = (rows, columns, 512) if extract.pooling == "none" else (512,)
    head = build_head(params.train_head, features, classes)
    assert (scratch.count_params(), head.count_params()) == expected


def test_no_preset_is_left_out():
    assert set(PARAMETERS) == {path.stem for path in presets.PRESETS.glob("*.yaml")}


def test_lenet5_is_lenet5():
    params = validate(YAML(typ="safe").load(presets.render("lenet5")), "lenet5")
    model = build_cnn(params.train, [32, 32, 1], 10)
    shapes = [x.output.shape[1:] for x in model.layers if "pool" in x.name or "conv" in x.name]
    assert shapes == [(28, 28, 6), (14, 14, 6), (10, 10, 16), (5, 5, 16)]
    pools = [x for x in model.layers if "pool" in x.name]
    assert all(isinstance(x, keras.layers.AveragePooling2D) for x in pools)
    activations = [
        x for x in model.layers if isinstance(x, keras.layers.Activation | keras.layers.Dense)
    ]
    assert [x.activation.__name__ for x in activations] == ["tanh"] * 4 + ["softmax"]


def test_convs_per_block_and_activation_reach_the_network(default):
    default["train"] |= {"convs_per_block": 2, "activation": "leaky_relu"}
    model = build_cnn(validate(default, "test").train, [8, 8, 1], 10)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds.count("Conv2D") == 4
    activations = [layer for layer in model.layers if isinstance(layer, keras.layers.Activation)]
    assert {layer.activation.__name__ for layer in activations} == {"leaky_relu"}


@pytest.mark.parametrize("activation", get_args(Activation))
def test_what_counts_as_increasing_is(activation):
    found = keras.activations.get(activation)(np.linspace(-20, 20, 10_001, dtype=np.float32))
    # Where tanh is flat, float32 wavers by 1e-7; where gelu falls, it does so by 1e-4 a step.
    assert bool((np.diff(found) > -1e-6).all()) == (activation in cnn.INCREASING)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_pooling_before_the_activation_computes_the_same_as_after_it(
    default, monkeypatch, activation
):
    default["train"] |= {"activation": activation, "convs_per_block": 2}
    params = validate(default, "test").train
    ours = build_cnn(params, [8, 8, 1], 10)
    monkeypatch.setattr(cnn, "INCREASING", set())
    written = build_cnn(params, [8, 8, 1], 10)
    written.set_weights(ours.get_weights())
    assert order(ours) == (["Conv2D", "Activation", "Conv2D", "MaxPooling2D", "Activation"] * 2)
    assert order(written) == (["Conv2D", "Activation", "Conv2D", "Activation", "MaxPooling2D"] * 2)
    images = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 1), np.uint8)
    assert np.abs(ours(images) - written(images)).max() < 1e-6
    for one, other in zip(gradients(ours, images), gradients(written, images), strict=True):
        assert np.abs(one - other).max() < 1e-5 * max(1, np.abs(other).max())


@pytest.mark.parametrize(("pooling", "activation"), [("avg", "relu"), ("max", "gelu")])
def test_the_written_order_stays_where_it_matters(default, pooling, activation):
    default["train"] |= {"pool_type": pooling, "activation": activation}
    model = build_cnn(validate(default, "test").train, [8, 8, 1], 10)
    pool = {"avg": "AveragePooling2D", "max": "MaxPooling2D"}[pooling]
    assert order(model) == ["Conv2D", "Activation", pool] * 2


def test_the_network_scales_pixels_itself(default_params):
    model = build_cnn(default_params.train, [8, 8, 1], 10)
    rescaling = next(x for x in model.layers if isinstance(x, keras.layers.Rescaling))
    white = rescaling(np.full((1, 8, 8, 1), 255, np.uint8))
    assert float(keras.ops.max(white)) == pytest.approx(1)


def test_each_layer_of_the_head_may_have_its_own_dropout(default):
    default["train_head"] |= {
        "dense_units": [512, 256],
        "dropout": [0.5, 0.2],
        "output_activation": "sigmoid",
    }
    params = validate(default, "test").train_head
    model = build_head(params, (4, 4, 512), 2)
    rates = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.5, 0.2]


def order(model: keras.Model) -> list[str]:
    """The kinds of layers that a block is made of, in order."""
    kinds = (type(layer).__name__ for layer in model.layers)
    return [kind for kind in kinds if kind == "Activation" or kind.endswith("2D")]


def gradients(model: keras.Model, images: np.ndarray) -> list[np.ndarray]:
    with tf.GradientTape() as tape:
        loss = -tf.math.log(model(images)[:, 0])
    return [x.numpy() for x in tape.gradient(loss, model.trainable_variables)]
