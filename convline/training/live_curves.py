"""Record loss and accuracy of each epoch with DVCLive, for DVC's plots."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dvclive import Live

from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.keras_backend import keras


@contextmanager
def live_curves(stage: str) -> Iterator["Curves"]:
    """Yield the curves of one run of a training stage, in metrics/<stage>/plots/custom/."""
    with Live(dir=str(paths.metrics_folder(stage)), dvcyaml=None, save_dvc_exp=False) as live:
        yield Curves(live, stage)
    # DVCLive's summary is of the last epoch; metrics/<stage>.json has the best one.
    Path(live.metrics_file).unlink(missing_ok=True)


class Curves(keras.callbacks.Callback):
    """Write the curves after each epoch; a second fit continues the curves of the first.

    Each file has one row per epoch and split, so that DVC draws train and validation in one plot.

    Attributes:
        learning_rate: name of the parameter that the error message asks to lower.
    """

    def __init__(self, live: Live, stage: str) -> None:
        super().__init__()
        self.live = live
        self.epoch = 0
        self.learning_rate = f"{stage}.learning_rate"
        self.rows: dict[str, list[dict[str, float | int | str]]] = {"loss": [], "accuracy": []}

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:  # noqa: ARG002 (Keras's)
        """Add an epoch to the curves.

        Raises:
            UserError: a loss is infinite or NaN.
        """
        self.epoch += 1
        if not (math.isfinite(logs["loss"]) and math.isfinite(logs["val_loss"])):
            why = f"the loss is {logs['loss']} (validation {logs['val_loss']})"
            raise UserError(f"{why} in epoch {self.epoch}; lower {self.learning_rate}")
        for name, rows in self.rows.items():
            rows.append({"epoch": self.epoch, "curve": "train", name: logs[name]})
            rows.append({"epoch": self.epoch, "curve": "validation", name: logs[f"val_{name}"]})
            self.live.log_plot(name, rows, x="epoch", y=name)
