"""The extract stage: features keep the order of the records."""

import math

import numpy as np
import pytest

from convline.records import features as features_module
from convline.records.features import finished_rows, load_features, write_features
from convline.runtime import paths, tensorflow_setup
from convline.runtime.keras_backend import keras
from stages import extract
from tests.tiny_records import CPU, image, write_records


def test_features_keep_the_order_of_the_records_and_lose_none(workspace):
    dataset = write_records([4, 4, 1], train=10)
    tensorflow_setup.set_up(0, "float32", **CPU)
    extractor = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()])
    batches = list(extract.extract_split(extractor, dataset, "train", batch_size=4))
    assert [len(batch.features) for batch in batches] == [4, 4, 2]
    features, labels, keys = (np.concatenate(x) for x in zip(*batches, strict=True))
    expected = [image("train", i, [4, 4, 1]).ravel() for i in range(10)]
    assert np.array_equal(features, expected)
    assert labels.tolist() == [i % 2 for i in range(10)]
    assert keys.tolist() == [f"{i % 2}/{i}" for i in range(10)]


@pytest.mark.parametrize("batches", [1, 2])
def test_a_stopped_extraction_computes_the_other_batches_only(workspace, monkeypatch, batches):
    monkeypatch.setattr(features_module, "SECONDS_BETWEEN_NOTES", 0)
    dataset = write_records([4, 4, 1], train=10)
    tensorflow_setup.set_up(0, "float32", **CPU)
    extractor = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()])
    folder = paths.FEATURES / "train"
    computed = []
    predict = extractor.predict_on_batch
    monkeypatch.setattr(
        extractor, "predict_on_batch", lambda x: computed.append(len(x)) or predict(x)
    )

    def run(stop=None):
        done = finished_rows(folder)
        found = extract.extract_split(extractor, dataset, "train", 4, done)

        def stopping():
            for i, batch in enumerate(found):
                if i == stop:
                    raise KeyboardInterrupt
                yield batch

        write_features(stopping(), folder, (10, 16), np.dtype(np.float16), done)

    run()
    whole = {file.name: file.read_bytes() for file in folder.glob("*.npy")}
    for file in folder.iterdir():
        file.unlink()
    with pytest.raises(KeyboardInterrupt):
        run(stop=batches)
    with (folder / "features.npy").open("ab") as file:
        file.write(b"half a row")
    computed.clear()
    run()
    assert sum(computed) == 10 - 4 * batches
    assert {file.name: file.read_bytes() for file in folder.glob("*.npy")} == whole
    assert load_features("train").features.shape == (10, 16)


def test_a_stopped_extraction_with_other_weights_starts_again(workspace, set_params, monkeypatch):
    monkeypatch.setattr(features_module, "SECONDS_BETWEEN_NOTES", 0)
    set_params(**{"extract.batch_size": 4, "extract.weights": "none"})
    write_records([4, 4, 1], train=10, validation=4, test=4)

    def use_extractor(weight, calls=math.inf):
        dense = keras.layers.Dense(2, kernel_initializer=keras.initializers.Constant(weight))
        inputs = keras.Input((4, 4, 1))
        model = keras.Model(inputs, dense(keras.layers.Flatten()(inputs)))
        predict, computed = model.predict_on_batch, []

        def stopping(images):
            computed.append(len(images))
            if len(computed) > calls:
                raise KeyboardInterrupt
            return predict(images)

        model.predict_on_batch = stopping
        monkeypatch.setattr(extract, "build_extractor", lambda *_: model)

    use_extractor(1)
    extract.main()
    expected = (paths.FEATURES / "train/features.npy").read_bytes()
    use_extractor(2, calls=2)
    with pytest.raises(KeyboardInterrupt):
        extract.main()
    use_extractor(1)
    extract.main()
    assert (paths.FEATURES / "train/features.npy").read_bytes() == expected
