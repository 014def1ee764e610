"""Keras is loaded on TensorFlow, without the packages that it would load for nothing."""

import os
import subprocess
import sys

LARGE = ("jax", "pandas", "sklearn")


def test_keras_comes_without_large_packages_that_can_be_imported_afterwards():
    code = f"""
import importlib, sys
import convline.runtime.keras_backend
print(*(name for name in {LARGE} if name in sys.modules))
for name in {LARGE}:
    print(importlib.import_module(name).__name__)
"""
    assert python(code).split("\n") == ["", *LARGE, ""]


def test_a_package_that_was_loaded_beforehand_stays():
    code = """
import sys
import pandas
import convline.runtime.keras_backend
print(sys.modules["pandas"] is pandas, pandas.DataFrame({"a": [1]}).shape)
"""
    assert python(code) == "True (1, 1)\n"


def test_another_backend_builds_the_networks_without_tensorflow():
    modules = "convline.networks.cnn, convline.networks.head, convline.networks.backbones"
    backend, *loaded = python(
        f"import sys, keras, {modules}; print(keras.backend.backend(), *sys.modules)"
    ).split()
    assert backend == "jax"
    assert "convline.networks.backbones" in loaded
    assert "tensorflow" not in loaded


def test_stages_use_tensorflow_despite_another_backend_in_the_environment():
    code = "from convline.runtime.keras_backend import keras; print(keras.backend.backend())"
    assert python(code) == "tensorflow\n"


def python(code: str) -> str:
    """Return what `code` prints in a new process with KERAS_BACKEND=jax."""
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    return subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)
