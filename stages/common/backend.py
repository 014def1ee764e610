"""Keras, loaded on TensorFlow: the stages train there, whatever the user's environment says.

Import `keras` from here. A program that loaded Keras on another backend beforehand keeps that one,
and can build the networks without TensorFlow.
"""

import os
import sys

from stages.common.quiet import without_native_log

if "keras" not in sys.modules:
    os.environ["KERAS_BACKEND"] = "tensorflow"

with without_native_log():
    import keras

__all__ = ["keras"]
