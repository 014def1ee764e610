"""The models and batches that `gpu` measures; import it after Keras is loaded on its backend."""

from argparse import Namespace
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from ruamel.yaml import YAML

from benchmarks import flops
from convline.networks.backbones import build_extractor
from convline.networks.cnn import build_cnn
from convline.networks.head import build_head
from convline.networks.output_layer import loss
from convline.params import presets
from convline.params.loading import validate
from convline.params.schema import Params, Training
from convline.runtime.keras_backend import keras
from convline.training.optimizers import optimizer

PRESET, CLASSES = "dogs-vs-cats", 2


def matrix_product(rows: int) -> Callable[[], Any]:
    """Return a product of two random bfloat16 matrices (rows, rows); zeros would be faster."""
    a, b = (keras.random.normal((rows, rows), seed=seed) for seed in (1, 2))
    a, b = (keras.ops.cast(x, "bfloat16") for x in (a, b))
    return lambda: keras.ops.matmul(a, b)


def workloads(
    device: ModuleType, arguments: Namespace
) -> Iterator[tuple[str, Callable[[], Any], int, int]]:
    """Yield name, step, batch size and floating-point operations per image of each workload."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    keras.utils.set_random_seed(0)
    params = load_preset(arguments.side)
    image = [*params.preprocess.image_size, 3]

    cnn = build_cnn(params.train, image, CLASSES)
    batch = random_images(arguments.train, image), prepare(cnn, params.train, arguments.train)
    yield "scratch training", device.trainer(cnn, *batch), arguments.train, flops.training(cnn)

    extractor = build_extractor(params.extract, image, seed=0)
    images = random_images(arguments.vgg16, image)
    step = device.predictor(extractor, images)
    yield "VGG16 extraction", step, arguments.vgg16, flops.forward(extractor)

    shape = extractor.output_shape[1:]
    head = build_head(params.train_head, shape, CLASSES)
    # Like VGG16's features from `extract`: not negative, in half precision.
    features = keras.ops.relu(keras.random.normal((arguments.head, *shape), seed=1))
    features = keras.ops.cast(features, "float16")
    batch = features, prepare(head, params.train_head, arguments.head)
    yield "head training", device.trainer(head, *batch), arguments.head, flops.training(head)


def load_preset(side: int) -> Params:
    """Return the preset with square images of this side in pixels and with random weights."""
    size = f"image_size=[{side}, {side}]"
    values = [f"preprocess.{size}", f"extract.{size}", "extract.weights=none"]
    return validate(YAML(typ="safe").load(presets.render(PRESET, values)), PRESET)


def random_images(count: int, shape: list[int]) -> Any:
    """Return random images, uint8 (count, *shape), in the memory of the device."""
    return keras.ops.cast(keras.random.randint((count, *shape), 0, 256, seed=1), "uint8")


def prepare(model: keras.Model, params: Training, count: int) -> Any:
    """Set optimizer and loss; return random targets, float32 (count, units of the output)."""
    model.compile(optimizer(params, steps=1), loss=loss(params))
    model.optimizer.build(model.trainable_variables)
    labels = keras.random.randint((count,), 0, CLASSES, seed=2)
    if params.output_activation == "sigmoid":
        return keras.ops.cast(labels, "float32")[:, None]
    return keras.ops.one_hot(labels, CLASSES)
