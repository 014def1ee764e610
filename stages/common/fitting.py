"""What both training stages share: compile, fit with early stopping and curves, save."""

import json
import math
import re
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dvclive import Live

from stages.common import paths
from stages.common.command import UserError
from stages.common.files import fresh_file
from stages.common.runtime import keras, tf, threads, verbose
from stages.common.schema import Fitting

Metrics = dict[str, Any]


def output_layer(classes: int, params: Fitting) -> keras.layers.Layer:
    """The last layer: a softmax over the classes, or one sigmoid for the second of two classes.

    Raises:
        UserError: a sigmoid for other than two classes.
    """
    if params.output == "sigmoid" and classes != 2:
        raise UserError(f"output 'sigmoid' is for 2 classes, not for {classes}; use 'softmax'")
    units = 1 if params.output == "sigmoid" else classes
    # Probabilities in float32 whatever the precision: bfloat16 has 3 decimal digits.
    return keras.layers.Dense(units, activation=params.output, dtype="float32", name="output")


def targets(labels: tf.Tensor, classes: int, params: Fitting) -> tf.Tensor:
    """Labels, int (n,), as the output layer has them: float32 (n, 1) or one-hot (n, classes)."""
    if params.output == "sigmoid":
        return tf.cast(labels, tf.float32)[:, tf.newaxis]
    return tf.one_hot(labels, classes)


def fit(
    model: keras.Model,
    train: Any,
    validation: Any,
    params: Fitting,
    stage: str,
) -> Metrics:
    """Train `model` and leave it with its best weights, those of the lowest validation loss.

    Args:
        model: its output is `output_layer`.
        train: batches with a known cardinality, or a pair of arrays, which are then shuffled.
        validation: likewise; never shuffled.
        params: the section of the stage.
        stage: names the folder of the curves, metrics/<stage>/.

    Returns:
        Figures of the best epoch and of the run, for metrics/<stage>.json.

    Raises:
        UserError: the loss became infinite or not a number.
    """
    _compile(model, params)
    best = keras.callbacks.EarlyStopping(
        "val_loss", mode="min", patience=params.patience, restore_best_weights=True
    )
    x, y = train if isinstance(train, tuple) else (train, None)
    batch_size = None if y is None else params.batch_size
    with Live(dir=str(paths.metrics_folder(stage)), dvcyaml=None, save_dvc_exp=False) as live:
        history = model.fit(
            x,
            y,
            batch_size=batch_size,
            epochs=params.epochs,
            validation_data=validation,
            validation_batch_size=batch_size,
            shuffle=y is not None,  # Datasets come shuffled.
            verbose=verbose(),
            callbacks=[Curves(live, stage), best],
        ).history
    # DVCLive's summary holds the last epoch; metrics/<stage>.json has the best one instead.
    Path(live.metrics_file).unlink(missing_ok=True)
    print(f"best epoch {best.best_epoch + 1} of {len(history['loss'])}, val_loss {best.best:.4f}")
    return {
        "parameters": model.count_params(),
        # `best.loss`, not `loss`: that is a param, and DVC writes the file before a shared name.
        "best": {
            "epoch": best.best_epoch + 1,
            **{name: values[best.best_epoch] for name, values in history.items()},
        },
        "compute_dtype": keras.config.dtype_policy().compute_dtype,
        "threads": threads(),
    }


class Curves(keras.callbacks.Callback):
    """Keep loss and accuracy per epoch in metrics/<stage>/plots/custom/, up to date as it trains.

    Each file has a row per epoch and split, so that DVC draws train and validation in one plot.
    """

    def __init__(self, live: Live, stage: str) -> None:
        super().__init__()
        self.live = live
        self.stage = stage
        self.rows: dict[str, list[dict[str, float | int | str]]] = {"loss": [], "accuracy": []}

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Add the epoch to the curves.

        Raises:
            UserError: a loss is infinite or not a number.
        """
        if not (math.isfinite(logs["loss"]) and math.isfinite(logs["val_loss"])):
            why = f"the loss is {logs['loss']} (validation {logs['val_loss']}) in epoch {epoch + 1}"
            raise UserError(f"{why}; lower {self.stage}.learning_rate")
        for name, rows in self.rows.items():
            rows.append({"epoch": epoch + 1, "curve": "train", name: logs[name]})
            rows.append({"epoch": epoch + 1, "curve": "validation", name: logs[f"val_{name}"]})
            self.live.log_plot(name, rows, x="epoch", y=name)


def save(model: keras.Model, path: Path) -> None:
    """Write a Keras archive whose bytes depend on the model alone.

    Keras 3.15 puts the time into two places, `date_saved` in metadata.json and the date of one
    member of the zip; here both are the zip format's first day. It also names objects that layers
    share by their address in memory; here they are numbered.
    """
    with fresh_file(path) as partial, TemporaryDirectory(dir=path.parent) as folder:
        dated = Path(folder, path.name)
        model.save(dated)
        with zipfile.ZipFile(dated) as source, zipfile.ZipFile(partial, "w") as target:
            for name in sorted(source.namelist()):
                content = source.read(name)
                if name == "metadata.json":
                    facts = json.loads(content) | {"date_saved": "1980-01-01@00:00:00"}
                    content = json.dumps(facts).encode()
                elif name == "config.json":
                    content = _number_shared_objects(content)
                target.writestr(zipfile.ZipInfo(name), content)


def _number_shared_objects(config: bytes) -> bytes:
    numbers: dict[bytes, int] = {}

    def number(match: re.Match[bytes]) -> bytes:
        return match[1] + str(numbers.setdefault(match[2], len(numbers))).encode()

    return re.sub(rb'("shared_object_id": )(\d+)', number, config)


def _compile(model: keras.Model, params: Fitting) -> None:
    one_unit = params.output == "sigmoid"
    accuracy = keras.metrics.BinaryAccuracy if one_unit else keras.metrics.CategoricalAccuracy
    model.compile(optimizer(params), loss=params.loss, metrics=[accuracy(name="accuracy")])


def optimizer(params: Fitting) -> keras.optimizers.Optimizer:
    """The optimizer with its schedule, as params name them."""
    rate: float | keras.optimizers.schedules.LearningRateSchedule = params.learning_rate
    if params.schedule == "inverse_time":
        # One decay step per optimizer step: learning_rate / (1 + decay_rate * step).
        rate = keras.optimizers.schedules.InverseTimeDecay(rate, 1, params.decay_rate)
    if params.optimizer == "adam":
        return keras.optimizers.Adam(rate)
    kinds = {"sgd": keras.optimizers.SGD, "rmsprop": keras.optimizers.RMSprop}
    return kinds[params.optimizer](rate, momentum=params.momentum)
