"""Write and run each export format: ONNX, LiteRT, LiteRT in int8, TensorFlow SavedModel."""

import importlib.util
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convline.exporting.portable_model import after_resizing, portable, whole
from convline.records.dataset import load_dataset
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.native_log import without_native_log
from convline.runtime.tensorflow_setup import tf
from convline.serving.loaded_classifier import Classifier
from convline.serving.record_images import read_records, records_exist

# Images, uint8 (batch, height, width, channels), to probabilities, float32 (batch, classes).
Predict = Callable[[np.ndarray], np.ndarray]
SEED = 0  # chooses the calibration images of int8: two exports are equal


class Unusable(Exception):
    """The classifier cannot be exported to this format; the text is the reason."""


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        any_size: True if it takes images of any size; otherwise it takes the model's own size.
        agreement: required share of test images for which it predicts the same class as Keras.
        convert: writes the classifier to a path; the last argument is the number of images for
            calibration.
        load: returns a function that runs the file at a path with a number of threads.
        packages: required packages besides TensorFlow.
    """

    any_size: bool
    agreement: float
    convert: Callable[[Classifier, Path, int], None]
    load: Callable[[Path, int], Predict]
    packages: tuple[str, ...] = ()


def require(names: Sequence[str]) -> None:
    """Check that the packages of these formats are installed.

    Raises:
        UserError: a package is missing.
    """
    for name in names:
        for package in FORMATS[name].packages:
            if importlib.util.find_spec(package) is None:
                way = "install it with `make setup`, or choose other formats with --formats"
                raise UserError(f"'{name}' needs the package {package}; {way}")


def write(name: str, classifier: Classifier, path: Path, calibration: int) -> None:
    """Write one format.

    Raises:
        Unusable: the conversion fails.
        UserError: the calibration images are missing.
    """
    failure = None
    # Converters print pages of output; the reason of a failure is its first line.
    with without_native_log(), warnings.catch_warnings():
        # Keras 3.15 uses an attribute that NumPy 2 has removed.
        warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)
        try:
            FORMATS[name].convert(classifier, path, calibration)
        except UserError:
            raise
        except Exception as error:  # noqa: BLE001 (each converter raises a dozen kinds)
            failure = error
    if failure is not None:
        reason = (str(failure).strip() or type(failure).__name__).splitlines()[0]
        raise Unusable(f"{name}: conversion failed ({reason})") from failure


def accept(name: str, agreement: float) -> None:
    """Check that a format agrees with Keras on enough images.

    Raises:
        Unusable: the agreement is too low.
    """
    least = FORMATS[name].agreement
    if agreement < least:
        why = f"same class as Keras for {agreement:.2%} of the test images, {least:.0%} required"
        raise Unusable(f"{name}: {why}")


def _to_onnx(classifier: Classifier, path: Path, _: int) -> None:
    import onnx  # noqa: PLC0415 (imported only if needed)

    signature = [tf.TensorSpec([None, None, None, 3], tf.uint8, name="image")]
    model = portable(whole(classifier.model))
    model.export(path, format="onnx", verbose=False, input_signature=signature)
    content = onnx.load(path)
    # tf2onnx names the output after an operation and numbers the sizes.
    _name_sizes(content.graph.input[0], "batch", "height", "width")
    _name_sizes(content.graph.output[0], "batch")
    output = content.graph.output[0].name
    for node in content.graph.node:
        node.output[:] = ["probabilities" if name == output else name for name in node.output]
    content.graph.output[0].name = "probabilities"
    onnx.checker.check_model(content)
    onnx.save(content, path)


def _name_sizes(value: Any, *names: str) -> None:
    for size, name in zip(value.type.tensor_type.shape.dim, names, strict=False):
        size.dim_param = name


def _load_onnx(path: Path, threads: int) -> Predict:
    import onnxruntime  # noqa: PLC0415 (imported only if needed)

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    providers = ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(path, options, providers=providers)
    return lambda images: session.run(["probabilities"], {"image": images})[0]


def _to_savedmodel(classifier: Classifier, path: Path, _: int) -> None:
    whole(classifier.model).export(path, format="tf_saved_model", verbose=False)


def _load_savedmodel(path: Path, _: int) -> Predict:
    model = tf.saved_model.load(path)
    return lambda images: model.serve(images).numpy()


def _to_litert(classifier: Classifier, path: Path, _: int) -> None:
    builtins = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
    part = portable(after_resizing(classifier))
    part.export(path, format="litert", verbose=False, target_spec=builtins)


def _to_int8(classifier: Classifier, path: Path, calibration: int) -> None:
    images = _calibration_images(calibration)
    portable(after_resizing(classifier)).export(
        path,
        format="litert",
        verbose=False,
        optimizations=[tf.lite.Optimize.DEFAULT],
        representative_dataset=lambda: ([image[np.newaxis]] for image in images),
        target_spec={"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]},
    )


def _calibration_images(count: int) -> list[np.ndarray]:
    dataset = load_dataset()
    examples = dataset.splits["train"].examples
    if not records_exist(dataset, "train") or not examples:
        raise UserError(f"int8 needs the training images in {paths.TFRECORDS}; run `dvc pull`")
    rng = np.random.default_rng(SEED)
    chosen = set(rng.choice(examples, min(count, examples), replace=False).tolist())
    records = enumerate(read_records(dataset, "train"))
    return [image for i, (image, _, _) in records if i in chosen]


def _load_litert(path: Path, threads: int) -> Predict:
    with without_native_log(), warnings.catch_warnings():
        # TensorFlow contains this interpreter; its successor would be another package.
        warnings.filterwarnings("ignore", ".*tf.lite.Interpreter is deprecated", UserWarning)
        interpreter = tf.lite.Interpreter(str(path), num_threads=threads)
        interpreter.allocate_tensors()
    image = interpreter.get_input_details()[0]["index"]
    output = interpreter.get_output_details()[0]["index"]

    def predict(images: np.ndarray) -> np.ndarray:
        if tuple(interpreter.get_input_details()[0]["shape"]) != images.shape:
            interpreter.resize_tensor_input(image, images.shape)
            interpreter.allocate_tensors()
        interpreter.set_tensor(image, images)
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(output))

    return predict


ONNX = ("tf2onnx", "onnx", "onnxruntime")
FORMATS = {
    "onnx": Format(True, 0.99, _to_onnx, _load_onnx, ONNX),
    "litert": Format(False, 0.99, _to_litert, _load_litert),
    "litert-int8": Format(False, 0.95, _to_int8, _load_litert),
    "savedmodel": Format(True, 0.99, _to_savedmodel, _load_savedmodel),
}
