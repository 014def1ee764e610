"""The KDnuggets tutorial on cats and dogs (2017) as a program, the peer of several rows.

    python -m benchmarks.tutorial scratch --epochs 2         the CNN, from images in folders
    python -m benchmarks.tutorial features --weights VGG.h5  VGG16's features of all splits
    python -m benchmarks.tutorial head --epochs 15           the head on those features
    python -m benchmarks.tutorial all --archive ZIP --weights VGG.h5 --epochs 5

Uses nothing from Convline: Keras 3 in float32 and the classes that the tutorial uses. Its models
and hyperparameters are those of presets/dogs-vs-cats.yaml. Two things differ from its text: there
is a test split, and no early stopping, so that all runs have the same length.
"""

import argparse
import random
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

keras = tf.keras
SIZE = (150, 150)
BATCH_SIZE = 32
SPLITS = {"train": 0.64, "validation": 0.16, "test": 0.2}


def main() -> None:
    arguments = parse_arguments()
    images, epochs = arguments.images, arguments.epochs
    if arguments.part == "all":
        split(arguments.archive, arguments.limit, images)
    if arguments.part in {"scratch", "all"}:
        cnn = scratch(images, epochs)
    if arguments.part in {"features", "all"}:
        features(images, arguments.weights)
    if arguments.part in {"head", "all"}:
        classifier = head(epochs)
    if arguments.part == "all":
        print(cnn.evaluate(flow(images / "test", shuffle=False)))
        print(classifier.evaluate(*load("test"), batch_size=BATCH_SIZE))


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.tutorial",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("part", choices=["scratch", "features", "head", "all"])
    parser.add_argument("--images", type=Path, default=Path("data/organized"))
    parser.add_argument("--archive", type=Path)
    parser.add_argument("--weights", type=lambda path: None if path == "none" else path)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--limit", type=int, default=2000)
    return parser.parse_args()


def split(archive: Path, limit: int, images: Path) -> None:
    """Unpack the competition's archive and copy the first images into a folder per class."""
    with zipfile.ZipFile(archive) as outer:
        outer.extract("train.zip", "unpacked")
    with zipfile.ZipFile("unpacked/train.zip") as inner:
        inner.extractall("unpacked")
    files = sorted(Path("unpacked/train").glob("*.jpg"))
    random.Random(42).shuffle(files)  # noqa: S311
    files = files[:limit]
    start = 0.0
    for name, share in SPLITS.items():
        first, last = (round(x * len(files)) for x in (start, start + share))
        for file in files[first:last]:
            folder = images / name / f"{file.name.split('.')[0]}s"
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, folder)
        start += share


def scratch(images: Path, epochs: int) -> Any:
    """Train the CNN."""
    relu = {"padding": "same", "activation": "relu"}
    model = keras.Sequential(
        [
            keras.Input((*SIZE, 3)),
            keras.layers.Conv2D(32, 3, **relu),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(32, 3, **relu),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(64, 3, **relu),
            keras.layers.MaxPooling2D(),
            keras.layers.Dropout(0.25),
            keras.layers.Flatten(),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    rate = keras.optimizers.schedules.InverseTimeDecay(0.01, 1, 0.01 / 50)
    model.compile(
        loss="binary_crossentropy",
        optimizer=keras.optimizers.SGD(rate, momentum=0.9),
        metrics=["accuracy"],
    )
    train = flow(images / "train", shear_range=0.2, zoom_range=0.2, horizontal_flip=True)
    model.fit(train, validation_data=flow(images / "validation"), epochs=epochs, verbose=2)
    model.save("tutorial_cnn.keras")
    return model


def features(images: Path, weights: str | None) -> None:
    """Save VGG16's features of each split, float32 (n, 4, 4, 512), and the labels."""
    vgg16 = keras.applications.VGG16(include_top=False, weights=weights, input_shape=(*SIZE, 3))
    for name in SPLITS:
        batches = flow(images / name, class_mode=None, shuffle=False)
        np.save(f"features_{name}.npy", vgg16.predict(batches, verbose=0))
        np.save(f"labels_{name}.npy", batches.classes)


def head(epochs: int) -> Any:
    """Train the head."""
    train, validation = load("train"), load("validation")
    model = keras.Sequential(
        [
            keras.Input(train[0].shape[1:]),
            keras.layers.Flatten(),
            keras.layers.Dense(512, activation="relu"),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(256, activation="relu"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(
        loss="binary_crossentropy",
        optimizer=keras.optimizers.RMSprop(0.0001),
        metrics=["accuracy"],
    )
    model.fit(*train, validation_data=validation, epochs=epochs, batch_size=BATCH_SIZE, verbose=2)
    model.save("tutorial_head.keras")
    return model


def flow(
    folder: Path, class_mode: str | None = "categorical", shuffle: bool = True, **change: Any
) -> Any:
    """Return batches of the images in a folder, resized, divided by 255 and augmented."""
    generator = keras.preprocessing.image.ImageDataGenerator(rescale=1 / 255, **change)
    return generator.flow_from_directory(
        folder, target_size=SIZE, batch_size=BATCH_SIZE, class_mode=class_mode, shuffle=shuffle
    )


def load(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Load the features of a split and their labels."""
    return np.load(f"features_{name}.npy"), np.load(f"labels_{name}.npy")


if __name__ == "__main__":
    main()
