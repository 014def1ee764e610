"""A classifier as evaluate writes it, which separates dark images from light ones."""

import numpy as np

from convline.networks.convolutions import convolution_names
from convline.networks.whole_classifier import build_classifier
from convline.params.loading import load_params
from convline.records.saved_models import Description, TrainedModel
from convline.runtime import paths
from convline.runtime.keras_backend import keras

SIZE = [6, 5]


def write_classifier(classes):
    """Write the classifier with the names of both classes, the dark one first."""
    inputs = keras.Input((*SIZE, 1))
    same = keras.layers.Conv2D(1, 1, use_bias=False, name="same")
    mean = keras.layers.GlobalAveragePooling2D()(same(keras.layers.Rescaling(1 / 255)(inputs)))
    dense = keras.layers.Dense(1, activation="sigmoid", name="output")
    model = keras.Model(inputs, dense(mean), name="scratch")
    same.set_weights([np.ones((1, 1, 1, 1))])
    dense.set_weights([np.array([[20.0]]), np.array([-10.0])])
    params = load_params()
    preprocess = params.preprocess.model_copy(update={"image_size": SIZE})
    build_classifier(scratch(model, classes), preprocess).save(paths.CLASSIFIER)


def scratch(network, classes=("0", "1")):
    """A trained CNN, with its description."""
    names = {"scratch": convolution_names(network)}
    return TrainedModel(network, Description("scratch", "images", list(classes), False, names))


def transfer_head(network, classes=("0", "1")):
    """A trained head, with its description."""
    return TrainedModel(network, Description("transfer", "features", list(classes), False, {}))
