"""VGG16's features: the right pixels in, the right rows out."""

import h5py
import numpy as np
import pytest
from ruamel.yaml import YAML

from stages import extract
from stages.common import paths, runtime, vgg16
from stages.common.command import UserError
from stages.common.dataset import Dataset, Split
from stages.common.records import serialize
from stages.common.runtime import keras, tf
from stages.common.schema import Extract


def test_pixels_become_bgr_minus_the_means_of_imagenet():
    red = np.array([[[[255, 0, 0]]]], np.float32)
    assert vgg16.Scaling()(red).numpy().ravel() == pytest.approx([-103.939, -116.779, 131.32])


def test_the_bundled_weights_are_those_of_vgg16_and_the_same_in_any_precision(workspace):
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    found = {}
    for precision in ("float32", "mixed_bfloat16"):
        runtime.set_up(0, "cpu", precision)
        extractor = vgg16.build_extractor(params(), [32, 32, 3])
        assert extractor.count_params() == 14_714_688
        found[precision] = extractor.predict_on_batch(images).astype(np.float32)
    assert found["float32"].shape == (2, 512)
    error = np.abs(found["float32"] - found["mixed_bfloat16"]).max()
    assert error < 0.05 * found["float32"].max()


def test_features_keep_the_order_of_the_records_and_lose_none(workspace):
    dataset, images = records(10)
    runtime.set_up(0, "cpu", "float32")
    extractor = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()])
    features = extract.extract_split(extractor, dataset, "train", batch_size=4)
    assert np.array_equal(features.features, images.reshape(10, 16))
    assert features.labels.tolist() == [i % 2 for i in range(10)]
    assert features.keys.tolist() == [f"{i % 2}/{i}" for i in range(10)]


def test_grey_images_are_enlarged_and_given_three_channels(workspace):
    runtime.set_up(0, "cpu", "float32")
    extractor = vgg16.build_extractor(params(pooling="none", image_size=[64, 32]), [8, 8, 1])
    assert extractor.predict_on_batch(np.ones((1, 8, 8, 1), np.uint8)).shape == (1, 2, 1, 512)


@pytest.mark.parametrize("content", ["text", "another network"])
def test_weights_of_something_else_are_refused(workspace, content):
    path = workspace / "weights.h5"
    if content == "text":
        path.write_text("This is no HDF5.")
    else:
        with h5py.File(path, "w") as file:
            file.attrs["layer_names"] = [b"dense"]
            file.create_group("dense").attrs["weight_names"] = []
    network = keras.applications.VGG16(weights=None, include_top=False, input_shape=(32, 32, 3))
    with pytest.raises(UserError, match=r"weights\.h5' does not fit"):
        vgg16.load_weights(network, str(path))


def params(**changes) -> Extract:
    default = YAML(typ="safe").load(paths.PARAMS)["extract"]
    return Extract(**default | {"image_size": [32, 32]} | changes)


def records(examples):
    paths.TFRECORDS.mkdir(parents=True)
    images = np.random.default_rng(0).integers(0, 256, (examples, 4, 4, 1), np.uint8)
    with tf.io.TFRecordWriter(str(paths.TFRECORDS / "one.tfrecord")) as writer:
        for i, image in enumerate(images):
            writer.write(serialize(image.tobytes(), i % 2, f"{i % 2}/{i}"))
    split = Split({"one.tfrecord": examples}, {"0": examples // 2, "1": examples // 2})
    return Dataset(["0", "1"], [4, 4, 1], "raw", {"train": split}), images
