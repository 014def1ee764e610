"""The evaluate stage on tiny models; all scores can be computed from the predictions."""

import json

import numpy as np
import pandas as pd
import pytest

from convline.evaluation.bootstrap import draw_weights
from convline.evaluation.metrics import overall, score
from convline.evaluation.model_comparison import compare
from convline.evaluation.threshold import screen
from convline.params.loading import load_params
from convline.records.features import Features, write_features
from convline.records.tfrecord_reader import read_batches
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.files import write_json
from convline.runtime.keras_backend import keras
from stages import evaluate
from tests.classifiers import scratch, transfer_head
from tests.made_predictions import read_predictions
from tests.tiny_records import write_records

VALUES = 512  # features of VGG16, an image
COUNTS = {"train": 30, "validation": 12, "test": 20}


def test_all_scores_can_be_computed_from_the_predictions(evaluated):
    metrics = json.loads(paths.metrics("evaluate").read_text())
    assert set(metrics) == {"classifier", "scratch", "transfer", "comparison", "examples"}
    assert metrics["examples"] == COUNTS["test"]
    params = load_params()
    again = {m: read_predictions(paths.PREDICTIONS / f"{m}.csv") for m in ("scratch", "transfer")}
    for model, splits in again.items():
        assert {split: len(p.labels) for split, p in splits.items()} == COUNTS
        expected = overall(score(splits["test"], positive=1))
        expected["screening"] = screen(
            splits["validation"], splits["test"], 1, params.evaluate.target_sensitivity
        )
        assert metrics[model] == expected
    test = [again[model]["test"] for model in ("scratch", "transfer")]
    weights = draw_weights(test[0].groups, params.evaluate.n_resamples, params.seed)
    assert metrics["comparison"] == compare(*test, weights)


def test_one_table_has_the_scores_of_all_splits(evaluated):
    table = pd.read_csv(paths.metrics_folder("evaluate") / "scores.csv")
    assert list(table) == ["model", "split", "score", "class", "value", "low", "high"]
    assert set(zip(table.model, table.split, strict=True)) == {
        (model, split) for model in ("scratch", "transfer") for split in COUNTS
    }
    assert table[table.split != "test"][["low", "high"]].isna().all(axis=None)
    accuracy = table[(table.split == "test") & (table.score == "accuracy")]
    assert (accuracy.low <= accuracy.value).all()
    assert (accuracy.value <= accuracy.high).all()
    assert {"screening.sensitivity", "screening.specificity"} <= set(table.score)


def test_it_repeats_byte_for_byte(evaluated):
    files = [*paths.METRICS.rglob("*.*"), paths.CLASSIFIER]
    before = {path: path.read_bytes() for path in files}
    evaluate.main()
    assert {path: path.read_bytes() for path in files} == before
    assert len(files) > 10


def test_without_pictures_only_their_folder_is_empty(evaluated, set_params):
    pictures = paths.metrics_folder("evaluate") / "pictures"
    files = [path for path in paths.METRICS.rglob("*.*") if path.parent != pictures]
    files += [paths.CLASSIFIER]
    before = {path: path.read_bytes() for path in files}
    assert len(list(pictures.iterdir())) == 11
    set_params(**{"evaluate.pictures": False})
    evaluate.main()
    assert list(pictures.iterdir()) == []
    assert {path: path.read_bytes() for path in files} == before


def test_images_of_one_group_are_not_independent(evaluated):
    keys = read_predictions(paths.PREDICTIONS / "scratch.csv")["test"].keys.tolist()
    write_json(paths.GROUPS, {key: f"patient {i // 4}" for i, key in enumerate(keys)})
    evaluate.main()
    splits = read_predictions(paths.PREDICTIONS / "scratch.csv")
    assert set(splits["test"].groups) == {f"patient {i}" for i in range(5)}
    comparison = json.loads(paths.metrics("evaluate").read_text())["comparison"]
    assert comparison["mcnemar_p"] is None
    assert comparison["permutation_p"] >= 2 / 2**5


def test_the_positive_class_is_one_of_two(evaluated, set_params):
    recalls = scores_of_classes("recall")
    for name in ("0", "1"):
        set_params(**{"evaluate.positive_class": name})
        evaluate.main()
        metrics = json.loads(paths.metrics("evaluate").read_text())
        assert metrics["scratch"]["recall"] == pytest.approx(recalls[name], abs=1e-6)
    set_params(**{"evaluate.positive_class": "zero"})
    with pytest.raises(UserError, match="must be '0' or '1', got 'zero'"):
        evaluate.main()


def test_the_classifier_is_in_the_precision_of_extract_and_restores_the_policy(
    workspace, set_params
):
    set_params(
        **{
            "extract.precision": "mixed_bfloat16",
            "extract.weights": "none",
            "extract.image_size": [32, 32],
        }
    )
    params = load_params()
    before = keras.config.dtype_policy()
    inputs = keras.Input((VALUES,))
    head = transfer_head(keras.Model(inputs, keras.layers.Dense(2, name="output")(inputs)))
    network = evaluate.classifier(head, [8, 8, 1], params).network
    vgg16 = network.get_layer("transfer").get_layer("extractor").get_layer("vgg16")
    assert vgg16.get_layer("block1_conv1").compute_dtype == "bfloat16"
    assert keras.config.dtype_policy() == before
    set_params(**{"extract.weights": "no-such-file.h5"})
    with pytest.raises(UserError, match="there is no file"):
        evaluate.classifier(head, [8, 8, 1], load_params())
    assert keras.config.dtype_policy() == before


def test_features_of_other_images_are_refused(evaluated):
    keys = paths.FEATURES / "test" / "keys.npy"
    np.save(keys, np.load(keys)[::-1])
    before = paths.metrics("evaluate").read_bytes()
    with pytest.raises(UserError, match="belong to other images than those in"):
        evaluate.main()
    assert paths.metrics("evaluate").read_bytes() == before


def test_a_missing_model_is_one_message(evaluated):
    paths.HEAD_MODEL.unlink()
    with pytest.raises(UserError, match=r"there is no models/head.keras; run `dvc repro`"):
        evaluate.main()


def scores_of_classes(score):
    """Return a score of the scratch CNN on the test split by class."""
    table = pd.read_csv(paths.metrics_folder("evaluate") / "scores.csv", dtype={"class": str})
    rows = table[(table.model == "scratch") & (table.split == "test") & (table.score == score)]
    return rows.set_index("class").value


def test_rows_are_in_the_order_of_the_keys(evaluated):
    keys = read_predictions(paths.PREDICTIONS / "scratch.csv")["test"].keys.tolist()
    assert keys == sorted(keys)
    rows = pd.read_csv(paths.metrics_folder("evaluate") / "confusion_scratch.csv", dtype=str)
    assert rows.actual.tolist() == [key.split("/")[0] for key in keys]


@pytest.fixture
def evaluated(workspace, set_params):
    """The evaluate stage has run on random models and features."""
    set_params(
        **{
            "evaluate.classifier": "scratch",
            "preprocess.image_size": [4, 4],
            "extract.weights": "none",
            "extract.image_size": [32, 32],
        }
    )
    dataset = write_records([4, 4, 1], **COUNTS)
    layers = keras.layers
    paths.SCRATCH_MODEL.parent.mkdir()
    rng = np.random.default_rng(3)
    for path, shape in ((paths.SCRATCH_MODEL, (4, 4, 1)), (paths.HEAD_MODEL, (VALUES,))):
        inputs = keras.Input(shape)
        x = layers.Rescaling(1 / 255)(inputs)
        x = layers.Flatten()(layers.Conv2D(1, 3)(x) if len(shape) == 3 else x)
        outputs = layers.Dense(2, activation="softmax", name="output")(x)
        model = keras.Model(inputs, outputs, name=path.stem)
        model.set_weights([rng.normal(size=w.shape) for w in model.weights])
        (scratch if path == paths.SCRATCH_MODEL else transfer_head)(model).save(path)
    for split, count in COUNTS.items():
        batch = next(iter(read_batches(paths.TFRECORDS, dataset, split, count)))
        keys = np.array([key.decode() for key in batch[2].numpy()])
        some = rng.normal(size=(count, VALUES)).astype(np.float32)
        features = Features(some * 10, batch[1].numpy(), keys)
        write_features([features], paths.FEATURES / split, some.shape, some.dtype)
    write_json(paths.GROUPS, {})
    source = {"data_set": "own_photos.zip", "version": "", "licence": "", "file": "own_photos.zip"}
    write_json(paths.metrics("download"), {"download": {**source, "bytes": 10, "sha256": "00"}})
    evaluate.main()


def test_it_prints_the_scores_and_the_verdict(evaluated, capsys):
    capsys.readouterr()
    evaluate.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        "positive class: 1, the second by name; evaluate.positive_class: '0' changes it"
    )
    assert lines[1].split() == ["accuracy", "loss", "precision", "recall", "f1", "roc_auc"]
    assert lines[2].startswith("Scratch CNN")
    assert "On the 20 images of the test split the accuracies differ by" in lines[-2]
    assert lines[-1] == "models/classifier.keras: Scratch CNN"
