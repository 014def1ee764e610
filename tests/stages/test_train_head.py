"""Fine-tuning: the last layers of the backbone learn with the head, the others stay."""

import json

import numpy as np
import pytest

from convline.evaluation.inference import predict_images, predict_transfer
from convline.networks.backbones import build_extractor
from convline.params import presets
from convline.params.loading import load_params
from convline.records.saved_models import load_model
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.keras_backend import keras
from stages import extract, train_head
from tests.tiny_records import write_records

VALUES = [
    "extract.image_size=[32, 32]",
    "train_head.dense_units=[]",
    "train_head.epochs=1",
    "train_head.early_stopping_patience=4",
    "train_head.batch_size=4",
    "train_head.fine_tune.unfreeze_layers=3",
    "train_head.fine_tune.epochs=4",
    "train_head.fine_tune.learning_rate=0.001",
    "train_head.fine_tune.augmentation.horizontal_flip=true",
]


def test_the_head_learns_first_then_the_last_layers_with_it(tuned):
    model = load_model(paths.HEAD_MODEL)
    description = model.description
    assert (description.model, description.takes, description.fine_tuned) == (
        "transfer", "images", True
    )  # fmt: skip
    assert len(description.convolutions["vgg16"]) == 13
    assert model.network.input_shape == (None, 32, 32, 3)
    before = build_extractor(load_params().extract, [32, 32, 3], load_params().seed)
    old, new = (
        extractor.get_layer("vgg16") for extractor in (before, model.network.get_layer("extractor"))
    )
    changed = [
        x.name
        for x, y in zip(old.layers, new.layers, strict=True)
        if any(not np.array_equal(a, b) for a, b in zip(x.weights, y.weights, strict=True))
    ]
    assert changed == ["block5_conv1", "block5_conv2", "block5_conv3"]


def test_the_curves_continue_and_both_best_epochs_are_in_the_metrics(tuned):
    rows = json.loads((paths.metrics_folder("train_head") / "plots/custom/loss.json").read_text())
    assert [row["epoch"] for row in rows if row["curve"] == "train"] == [1, 2, 3, 4, 5]
    metrics = json.loads(paths.metrics("train_head").read_text())["train_head"]
    assert metrics["best"]["epoch"] == 1
    assert metrics["fine_tuned"]["best"]["epoch"] <= 4
    assert metrics["fine_tuned"]["best"]["val_loss"] < metrics["best"]["val_loss"]
    head = metrics["parameters"]
    assert metrics["fine_tuned"]["parameters"] == head + 14_714_688  # VGG16 without its top


def test_evaluate_passes_images_to_a_fine_tuned_model(tuned):
    params = load_params()
    model = load_model(paths.HEAD_MODEL)
    keys, _, expected = predict_images(model.network, tuned, "test", params)
    assert np.array_equal(predict_transfer(model, keys, tuned, "test", params), expected)


@pytest.mark.slow
def test_the_same_seed_trains_the_same_model(tuned):
    before = paths.HEAD_MODEL.read_bytes()
    keras.utils.clear_session()
    train_head.main()
    assert paths.HEAD_MODEL.read_bytes() == before


def test_batch_normalization_keeps_its_means(tuned):
    params = load_params()
    extract = params.extract.model_copy(update={"backbone": "mobilenet_v2", "weights": "none"})
    params = params.model_copy(update={"extract": extract})
    extractor = train_head.trainable_extractor(params, tuned)
    # The last three convolutions; those between and after them are not counted.
    assert [weight.path.split("/")[-2] for weight in extractor.trainable_weights] == [
        "block_16_depthwise",
        "block_16_project",
        "Conv_1",
    ]
    means = {x.path: x.numpy() for x in extractor.weights if "Conv_1_bn" in x.path}
    extractor(np.full((4, 32, 32, 3), 200, np.uint8), training=True)
    assert means
    assert all(np.array_equal(x, means[x.path]) for x in extractor.weights if x.path in means)


def test_a_head_that_fine_tuning_made_worse_is_kept(capsys):
    head, tuned = object(), object()
    metrics = {"best": {"val_loss": 0.5}, "fine_tuned": {"best": {"val_loss": 0.6}}}
    assert train_head.better(head, metrics, tuned) is head
    assert "did not lower val_loss (0.5000 to 0.6000)" in capsys.readouterr().out
    metrics["fine_tuned"]["best"]["val_loss"] = 0.4
    assert train_head.better(head, metrics, tuned) is tuned


def test_more_layers_than_there_are_is_refused_before_the_head_is_trained(tuned):
    params = load_params()
    tuning = params.train_head.fine_tune.model_copy(update={"unfreeze_layers": 1000})
    section = params.train_head.model_copy(update={"fine_tune": tuning})
    with pytest.raises(
        UserError, match=r"must be at most \d+, the trainable layers of vgg16, got 1000"
    ):
        train_head.trainable_extractor(params.model_copy(update={"train_head": section}), tuned)


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """`train_head` has run with fine-tuning on tiny images, in the working folder."""
    params = presets.render("default", VALUES)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("tuned"))
        paths.PARAMS.write_text(params)
        dataset = write_records([32, 32, 3], train=12, validation=6, test=6)
        extract.main()
        keras.utils.clear_session()
        train_head.main()
        yield dataset
