"""The progress of training: a line per epoch in a log, a bar in a terminal."""

import os
import pty
import re
import sys
import termios

import numpy as np

from convline.runtime.keras_backend import keras
from convline.training.progress import Progress
from tests.commands import REPOSITORY

TRAIN = """
from tests.training.test_progress import train
train(3)
"""
LINE = r"epoch {} of 3: loss \d\.\d{{4}}, accuracy \d\.\d{{4}}, val_loss \d\.\d{{4}}, "
LINE += r"val_accuracy \d\.\d{{4}}, [\d,]+ images/s"


def train(epochs):
    """Train on 10 images in batches of 4, two steps at a time."""
    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(inputs))
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"], steps_per_execution=2)
    x, y = np.zeros((10, 2)), np.zeros((10, 1))
    progress = Progress(10, 4)
    model.fit(
        x, y, 4, epochs, verbose=0, callbacks=[progress], validation_data=(x, y), shuffle=False
    )
    return progress


def test_a_log_has_one_line_per_epoch_without_control_characters(capfd):
    assert train(3).seen == 10
    output, errors = capfd.readouterr()
    lines = output.splitlines()
    assert len(lines) == 3
    for number, line in enumerate(lines, 1):
        assert re.fullmatch(LINE.format(number), line)
    assert "\r" not in output + errors
    assert "epoch" not in errors


def test_a_terminal_shows_a_bar_with_images_per_second():
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(REPOSITORY)
        termios.tcsetwinsize(0, (24, 120))  # tqdm draws nothing into a terminal without width.
        os.execv(sys.executable, [sys.executable, "-c", TRAIN])
    shown = b""
    while part := read(terminal):
        shown += part
    assert os.waitpid(child, 0)[1] == 0, shown.decode()
    text = shown.decode()
    # Two steps of 4 images; tqdm draws again after 0.1 s, as long as the first step takes.
    assert re.search(r"\repoch 1 of 3:  80%\|.* 8/10 \[.*\d images/s\]", text)
    assert re.search(LINE.format(3), text)


def read(terminal):
    """Return what the terminal shows; Linux raises an error at its end."""
    try:
        return os.read(terminal, 1 << 16)
    except OSError:
        return b""
