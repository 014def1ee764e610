"""Exported files compute the same as Keras, for all kinds of classifiers."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convline.exporting import export_check, export_formats, export_readme, portable_model
from convline.exporting.export_folder import FILES
from convline.images.aspect_ratio import fit
from convline.networks.resizing import PillowResizing
from convline.networks.whole_classifier import build_classifier
from convline.params.loading import load_params
from convline.records.dataset import load_dataset
from convline.runtime.keras_backend import dtype_policy, keras
from convline.serving.loaded_classifier import Classifier, load_classifier
from tests.classifiers import scratch
from tests.exported_classifiers import cnn, noise, write_run

SIZES = [(9, 14), (16, 12), (40, 31), (1, 1)]


@pytest.fixture
def make(workspace, set_params):
    """A function that writes a run's data and its classifier."""
    return partial(write_run, set_params)


@pytest.mark.parametrize(
    ("interpolation", "aspect_ratio"),
    [("nearest", "stretch"), ("bicubic", "stretch"), ("lanczos", "crop"), ("bilinear", "pad")],
)
def test_onnx_and_savedmodel_resize_images_of_any_size(make, interpolation, aspect_ratio):
    make("rgb", interpolation=interpolation, aspect_ratio=aspect_ratio)
    classifier = load_classifier()
    for name in ("onnx", "savedmodel"):
        path = Path(FILES[name])
        export_formats.write(name, classifier, path, 0)
        predict = export_formats.FORMATS[name].load(path, 1)
        for size in SIZES:
            expected = classifier.model.predict_on_batch(noise(*size))
            assert predict(noise(*size)) == pytest.approx(expected, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["litert", "onnx"])
def test_a_backbone_with_its_own_resizing_is_exported(make, name):
    make("rgb", backbone="vgg16")
    classifier = load_classifier()
    part = portable_model.after_resizing(classifier)
    images = np.concatenate([noise(16, 12), 255 - noise(16, 12)])
    expected = part.predict_on_batch(images)
    export_formats.write(name, classifier, Path(FILES[name]), 0)
    predict = export_formats.FORMATS[name].load(Path(FILES[name]), 1)
    # Active dropout would give other probabilities at each call.
    for _ in range(2):
        assert predict(images) == pytest.approx(expected, abs=1e-4)


def test_savedmodel_is_in_inference_mode(make):
    make("rgb", backbone="vgg16")
    classifier = load_classifier()
    export_formats.write("savedmodel", classifier, Path("savedmodel"), 0)
    predict = export_formats.FORMATS["savedmodel"].load(Path("savedmodel"), 1)
    expected = classifier.model.predict_on_batch(noise(40, 31))
    for _ in range(2):
        assert predict(noise(40, 31)) == pytest.approx(expected, abs=1e-4)


def test_a_model_in_bfloat16_is_exported_in_float32(make):
    make()
    with dtype_policy("mixed_bfloat16"):
        model = scratch(cnn([16, 12, 1]))
    classifier = Classifier(build_classifier(model, load_params().preprocess))
    records = export_check.as_records(portable_model.after_resizing(classifier), load_dataset())
    export_formats.write("litert", classifier, Path("bfloat16.tflite"), 0)
    predict = export_formats.FORMATS["litert"].load(Path("bfloat16.tflite"), 1)
    agreement = export_check.compare_with_keras(predict, records, "litert")
    assert agreement.agreement == 1
    assert 0 < agreement.difference < 0.1


def test_equal_classifiers_give_equal_int8(make):
    make()
    classifier = load_classifier()
    for name in ("one.tflite", "two.tflite"):
        keras.utils.clear_session()  # layers are numbered
        export_formats.write("litert-int8", classifier, Path(name), 5)
    assert Path("one.tflite").read_bytes() == Path("two.tflite").read_bytes()


@pytest.mark.parametrize("aspect_ratio", ["stretch", "crop", "pad"])
def test_the_readme_resizes_for_litert_as_preprocess_does(aspect_ratio):
    lines = export_readme.fitting_lines(PillowResizing(30, 20, "bicubic", aspect_ratio))
    for height, width in [(100, 40), (17, 90), (30, 20), (1, 50)]:
        image = Image.fromarray(noise(height, width)[0])
        names = {"image": image, "Image": Image}
        exec(lines, names)
        expected = fit(image, (30, 20), Image.Resampling.BICUBIC, aspect_ratio)
        assert np.array_equal(np.asarray(names["image"]), np.asarray(expected))
