"""A run with a tiny classifier, for tests that export it."""

import numpy as np
from PIL import Image

from convline.networks.whole_classifier import build_classifier, with_extractor
from convline.params.loading import load_params
from convline.runtime import paths
from convline.runtime.keras_backend import keras
from tests.classifiers import scratch, transfer_head
from tests.tiny_records import image, write_records

EXAMPLES = {"train": 12, "validation": 4, "test": 24}


def write_run(set_params, color_mode="grayscale", backbone=None, **preprocess):
    """Write a run's data and its classifier, the same test images as files and as records."""
    values = {"image_size": [16, 12], "color_mode": color_mode, **preprocess}
    set_params(**{f"preprocess.{name}": value for name, value in values.items()})
    set_params(**{"extract.weights": "none", "extract.image_size": [32, 32]})
    shape = [16, 12, 1 if color_mode == "grayscale" else 3]
    write_records(shape, **EXAMPLES)
    for i in range(EXAMPLES["test"]):
        file = paths.ORGANIZED / "test" / str(i % 2) / f"{i}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image("test", i, shape).squeeze()).save(file)
    if backbone:
        set_params(**{"extract.backbone": backbone})
    params = load_params()
    keras.utils.set_random_seed(1)
    model = transfer_head(head((512,))) if backbone else scratch(cnn(shape))
    model = with_extractor(model, params.extract, shape, params.seed)
    build_classifier(model, params.preprocess).save(paths.CLASSIFIER)


def cnn(shape):
    """Build a CNN that separates dark from bright images, as if it were trained."""
    inputs = keras.Input(shape, name="image")
    x = keras.layers.Rescaling(1 / 255, dtype="float32")(inputs)
    # Positive kernels: brighter images have greater features.
    kernel = keras.initializers.RandomUniform(0, 0.3, seed=1)
    x = keras.layers.Conv2D(4, 3, activation="relu", kernel_initializer=kernel)(x)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Dropout(0.5)(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    outputs = keras.layers.Dense(2, "softmax")(x)
    model = keras.Model(inputs, outputs, name="scratch")
    dark, bright = model_features(model, shape)
    slope = (bright - dark) * 8 / np.square(bright - dark).sum()
    middle = (bright + dark) / 2 @ slope
    model.layers[-1].set_weights([np.stack([-slope, slope], 1), np.array([middle, -middle])])
    return model


def model_features(model, shape):
    features = keras.Model(model.input, model.layers[-2].output)
    images = np.stack([np.full(shape, 64, np.uint8), np.full(shape, 191, np.uint8)])
    return features.predict_on_batch(images)


def head(shape):
    inputs = keras.Input(shape, name="features")
    x = keras.layers.Dropout(0.5)(keras.layers.Flatten()(inputs))
    x = keras.layers.Dense(8, "relu")(x)
    outputs = keras.layers.Dense(1, "sigmoid")(x)
    return keras.Model(inputs, outputs, name="head")


def noise(height, width):
    rng = np.random.default_rng([height, width])
    return rng.integers(0, 256, (1, height, width, 3), np.uint8)
