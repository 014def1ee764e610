"""benchmarks.gpu: counted operations, timed steps and a small run with the documented packages."""

import json
import os
import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path
from statistics import mean

import pytest
from packaging.requirements import Requirement

from benchmarks import flops, gpu
from convline.runtime.keras_backend import keras
from tests.commands import REPOSITORY, run_in

# Three steps on one batch: the means so far of `benchmarks.gpu_jax`, then the losses by Keras.
LOSSES = """
import json, keras
from benchmarks import gpu_jax

x = keras.random.normal((16, 4), seed=1)
y = keras.ops.cast(x[:, :1] > 0, "float32")

def model():
    keras.utils.set_random_seed(0)
    layers = [keras.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1, "sigmoid")]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.SGD(0.5, momentum=0.9), "binary_crossentropy")
    model.optimizer.build(model.trainable_variables)
    return model

step, other = gpu_jax.trainer(model(), x, y), model()
means = [float(step()) for _ in range(3)]
print(json.dumps([means, [float(other.train_on_batch(x, y)) for _ in range(3)]]))
"""


def test_a_convolution_and_a_dense_layer_by_hand():
    model = keras.Sequential(
        [
            keras.Input((8, 6, 3)),
            # 6 x 4 places, each 3 x 3 x 3 products for each of 5 filters.
            keras.layers.Conv2D(5, 3),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dense(2),
        ]
    )
    convolution, dense = 2 * 6 * 4 * 27 * 5, 2 * 120 * 2
    assert flops.forward(model) == convolution + dense
    assert flops.training(model) == 2 * convolution + 3 * dense


def test_strides_padding_and_a_model_in_a_model_count():
    inner = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3, 2, "same")])
    inputs = keras.Input((8, 8, 1))
    assert flops.forward(keras.Model(inputs, inner(inputs))) == 2 * 4 * 4 * 9 * 4


def test_vgg16_takes_what_is_published():
    # 15.47 GMAC with its top at 224x224, which is 25,088 to 4,096 to 4,096 to 1,000; 15.35 without.
    shape = (224, 224, 3)
    vgg16 = keras.applications.VGG16(include_top=False, weights=None, input_shape=shape)
    top = 25_088 * 4_096 + 4_096 * 4_096 + 4_096 * 1_000
    assert flops.forward(vgg16) / 2e9 == pytest.approx(15.35, abs=0.005)
    assert (flops.forward(vgg16) / 2 + top) / 1e9 == pytest.approx(15.47, abs=0.005)


def test_a_layer_that_is_not_counted_is_an_error():
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.DepthwiseConv2D(3)])
    with pytest.raises(TypeError, match="DepthwiseConv2D"):
        flops.forward(model)


def test_a_row_has_the_median_and_the_spread():
    row = gpu.summarize([10, 40, 20], batch=8, flop=1_000, peak=1e6)
    assert (row["images_per_s"], row["min"], row["max"]) == (160, 80, 320)
    assert row["share_of_peak"] == pytest.approx(0.16)


def test_timed_steps_train_the_model(documented):
    run = in_environment(documented, "-c", LOSSES)
    assert run.returncode == 0, run.stderr
    means, losses = json.loads(run.stdout)
    assert losses[0] > losses[1] > losses[2]
    assert means == pytest.approx([mean(losses[: n + 1]) for n in range(3)], rel=1e-5)


@pytest.mark.slow
def test_a_small_run_needs_no_gpu_and_no_other_packages(documented, tmp_path):
    path = tmp_path / "gpu.json"
    run = in_environment(documented, "-m", "benchmarks.gpu", "--small", "--output", str(path))
    assert run.returncode == 0, run.stderr
    assert "of the peak, batches of 32" in run.stdout
    result = json.loads(path.read_text())
    assert result["backend"].startswith("JAX")
    assert (result["device"], result["side"]) == ("cpu", 32)
    batches = {name: row["batch"] for name, row in result["rows"].items()}
    assert batches == {"scratch training": 8, "VGG16 extraction": 2, "head training": 32}
    for row in result["rows"].values():
        assert 0 < row["min"] <= row["images_per_s"] <= row["max"]
        share = row["images_per_s"] * row["flop_per_image"] / (result["peak_tflops"] * 1e12)
        assert row["share_of_peak"] == pytest.approx(share)


def test_the_large_sizes_are_refused_without_a_gpu(documented):
    run = in_environment(documented, "-m", "benchmarks.gpu")
    assert run.returncode == 1
    assert run.stderr == "benchmarks.gpu: jax finds no GPU; pass --cpu to measure on the CPU\n"


def test_the_models_and_the_preset_need_no_other_packages(documented):
    run = in_environment(
        documented, "-c", "import keras, benchmarks.gpu_work as x; x.load_preset(32)"
    )
    assert run.returncode == 0, run.stderr


@pytest.fixture(scope="module")
def documented(tmp_path_factory):
    """A folder with JAX and the packages that the module's docstring names, and what they need."""
    folder = tmp_path_factory.mktemp("packages")
    names = re.search(r"pip install (.*?)  ", gpu.__doc__)[1].split()
    for package in map(distribution, requirements(["jax", *names])):
        for top in {file.parts[0] for file in package.files} - {"..", "__pycache__"}:
            if not (folder / top).exists():
                (folder / top).symlink_to(package.locate_file(top))
    return folder


def requirements(names: list[str]) -> set[str]:
    """The packages of these names and all that they require, as pip would install them."""
    todo, found = list(names), set()
    while todo:
        requirement = Requirement(todo.pop())
        needed = not requirement.marker or requirement.marker.evaluate({"extra": ""})
        if needed and requirement.name not in found:
            found.add(requirement.name)
            todo.extend(distribution(requirement.name).requires or [])
    return found


def in_environment(packages: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run Python with Keras on JAX, on the CPU, with these packages and no others."""
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    environment |= {"PYTHONPATH": os.pathsep.join([str(packages), str(REPOSITORY)])}
    # XLA's optimizations take longer than they save here.
    environment |= {"XLA_FLAGS": "--xla_backend_optimization_level=0"}
    # -S leaves out site-packages.
    return run_in(REPOSITORY, [sys.executable, "-S", *arguments], environment)
