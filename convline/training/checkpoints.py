"""Continue a training that was killed after its last finished epoch, and end with the same bytes.

A checkpoint lies in `.dvc/tmp/checkpoints`, which Git and DVC ignore, and holds the digest of
everything that the result depends on. keras.callbacks.BackupAndRestore keeps neither the state of
dropout, early stopping and learning-rate schedules nor the order of the images.
"""

import json
import shutil
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from convline.runtime.errors import UserError
from convline.runtime.files import fresh_dir, sync
from convline.runtime.input_digest import input_digest
from convline.runtime.keras_backend import keras
from convline.runtime.run_times import DVC_TMP
from convline.runtime.tensorflow_setup import devices, tf, threads
from convline.training.live_curves import Curves

FOLDER = DVC_TMP / "checkpoints"
# What callbacks remember from epoch to epoch. Keras resets it when training begins.
REMEMBERED: dict[type, tuple[str, ...]] = {
    keras.callbacks.EarlyStopping: ("wait", "best", "best_epoch"),
    keras.callbacks.ReduceLROnPlateau: ("wait", "best", "cooldown_counter"),
    Curves: ("epoch", "rows"),
}
# Keras 3.15 makes one at the beginning of an epoch, and one that it does not use at its end.
ITERATORS_PER_EPOCH = 2
SHARE = 0.02  # of the time of training may be spent on checkpoints
DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


class Checkpoint(keras.callbacks.Callback):
    """Keep the state after an epoch; must be the last callback.

    Args:
        name: name of its folder.
        digest: of what the result depends on.
    """

    def __init__(self, name: str, digest: str) -> None:
        super().__init__()
        self.folder, self.digest = FOLDER / name, digest
        self.remembered: dict[str, dict[str, Any]] = {}
        self.best_weights: list[np.ndarray] | None = None
        self.history: dict[str, list[float]] = {}
        self.written, self.cost = time.monotonic(), 0.0

    def restore(
        self,
        model: keras.Model,
        train: tf.data.Dataset,
        callbacks: Sequence[keras.callbacks.Callback],
    ) -> int:
        """Bring a compiled model and its data to the state of the checkpoint, if there is one.

        Args:
            model: the compiled model.
            train: the training batches; as many epochs of their random order are skipped.
            callbacks: all callbacks before this one.

        Returns:
            The number of epochs that are finished.
        """
        self.callbacks = [callback for callback in callbacks if type(callback) in REMEMBERED]
        model.optimizer.build(model.trainable_variables)
        self.variables = [*model.variables, *model.optimizer.variables]
        try:
            state = json.loads((self.folder / "state.json").read_text(encoding="utf-8"))
            if state["digest"] != self.digest:
                print(f"{self.folder} is of other inputs: training starts at the first epoch")
                return 0
            # NumPy leaves a damaged file open.
            with (self.folder / "arrays.npz").open("rb") as file:
                arrays = np.load(file, allow_pickle=False)
                values = [arrays[f"variable_{i}"] for i in range(len(self.variables))]
                best = [arrays[f"best_{i}"] for i in range(state["best_weights"])]
        except FileNotFoundError:
            return 0
        except DAMAGED as error:
            print(f"{self.folder} is damaged: training starts at the first epoch ({error})")
            return 0
        for variable, value in zip(self.variables, values, strict=True):
            variable.assign(value)
        self.best_weights, self.remembered = best, state["remembered"]
        self.history = state["history"]
        epochs: int = state["epochs"]
        for _ in range(epochs * ITERATORS_PER_EPOCH):
            iter(train)  # Each iterator draws a random order of its own.
        print(f"training continues after epoch {epochs}, from {self.folder}")
        return epochs

    def on_train_begin(self, logs: object = None) -> None:  # noqa: ARG002 (Keras's)
        """Give the other callbacks what they remembered."""
        for callback in self.callbacks:
            for name, value in self.remembered.get(type(callback).__name__, {}).items():
                setattr(callback, name, value)
            if self.best_weights is not None and hasattr(callback, "best_weights"):
                callback.best_weights = self.best_weights
        self.model.history.history.update({name: [*x] for name, x in self.history.items()})
        self.written = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Write the state, unless that took more than SHARE of the time since the last one.

        Training goes on if it cannot be written.
        """
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))
        start = time.monotonic()
        last = self.model.stop_training or epoch + 1 == self.params["epochs"]
        if last or start - self.written < self.cost / SHARE:
            return
        try:
            self._write(epoch + 1)
        except (OSError, UserError) as error:
            print(f"{self.folder}: no checkpoint after epoch {epoch + 1}: {error}")
        self.written = time.monotonic()
        self.cost = self.written - start

    def _write(self, epochs: int) -> None:
        remembered = {
            type(callback).__name__: {
                name: getattr(callback, name) for name in REMEMBERED[type(callback)]
            }
            for callback in self.callbacks
        }
        arrays = {f"variable_{i}": x.numpy() for i, x in enumerate(self.variables)}
        best: list[np.ndarray] = []
        for callback in self.callbacks:
            best = getattr(callback, "best_weights", best)
        arrays |= {f"best_{i}": x for i, x in enumerate(best)}
        state = {
            "digest": self.digest,
            "epochs": epochs,
            "remembered": remembered,
            "best_weights": len(best),
            "history": self.history,
        }
        with fresh_dir(self.folder) as partial:
            for name in ("arrays.npz", "state.json"):
                with (partial / name).open("wb") as file:
                    if name == "arrays.npz":
                        np.savez(file, **arrays)
                    else:
                        file.write(json.dumps(state).encode())
                    sync(file)


def checkpoint(name: str, folder: Path, *params: object) -> Checkpoint | None:
    """Return the checkpoint of a fit in a DVC repository; elsewhere, None.

    Args:
        name: name of its folder.
        folder: folder of the training data.
        *params: sections of params.yaml, and single values.
    """
    if not DVC_TMP.is_dir():
        return None
    precision = keras.config.dtype_policy().compute_dtype
    machine = (devices(), tf.distribute.get_strategy().num_replicas_in_sync, threads())
    return Checkpoint(name, input_digest(folder, *params, precision, *machine))


def forget_checkpoints(*names: str) -> None:
    """Remove checkpoints, because the stage has written its outputs."""
    for name in names:
        shutil.rmtree(FOLDER / name, ignore_errors=True)
