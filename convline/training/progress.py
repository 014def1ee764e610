"""Show how training proceeds: a bar in a terminal, and a line per epoch there and in a log."""

import time

from tqdm import tqdm

from convline.runtime.keras_backend import keras


class Progress(keras.callbacks.Callback):
    """Show images per second in each epoch, and loss and accuracy after it.

    Keras's own bar counts batches, and in a log it is either silent or takes two lines per epoch.

    Args:
        images: number of training images.
        batch_size: number of images per training step.
    """

    def __init__(self, images: int, batch_size: int) -> None:
        super().__init__()
        self.images, self.batch_size = images, batch_size

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:  # noqa: ARG002 (Keras's)
        """Start a bar, which disappears after the epoch."""
        self.name = f"epoch {epoch + 1} of {self.params['epochs']}"
        self.seen, self.start = 0, time.perf_counter()
        # disable=None: no bar if the output is not a terminal.
        self.bar = tqdm(
            total=self.images, desc=self.name, unit=" images", disable=None, leave=False
        )

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:  # noqa: ARG002 (Keras's)
        """Count the images of the steps since the last call."""
        seen = min((batch + 1) * self.batch_size, self.images)
        self.bar.update(seen - self.seen)
        self.seen, self.seconds = seen, time.perf_counter() - self.start

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:  # noqa: ARG002 (Keras's)
        """Print one line."""
        self.bar.close()
        scores = ", ".join(
            f"{name} {logs[name]:.4f}" for name in ("loss", "accuracy", "val_loss", "val_accuracy")
        )
        print(f"{self.name}: {scores}, {self.seen / self.seconds:,.0f} images/s", flush=True)
