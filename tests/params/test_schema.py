"""Values that are valid alone but not together are an error, and the schema has no defaults."""

import pytest

from convline.params.loading import load_params
from convline.params.schema import Params
from tests.params.mistakes import mistakes

NOTHING_LEFT = "nothing is left after block 2 of 2 (train.filters, kernel_size, padding, pool_size)"


@pytest.mark.parametrize(
    ("changes", "parameter", "message"),
    [
        ({"organize.fractions.train": 0.8}, "organize.fractions", "must add up to 1, got 1.1"),
        (
            {"organize.csv.encoding": "latin-7"},
            "organize.csv.encoding",
            "must be a text encoding such as cp1252, utf-16 or shift_jis, got 'latin-7'",
        ),
        (
            {"organize.csv.image": 0},
            "organize.csv.image, label, group, split",
            "must all be numbers (of a table without a header) or all be names, got [0, 'label']",
        ),
        (
            {"organize.csv.group": "person", "organize.group_pattern": "(a)"},
            "organize.group_pattern",
            "must be empty when csv.group is set, got '(a)'",
        ),
        (
            {"organize.csv.split": "split"},
            "organize.split_method",
            "must be folders or test_folder when csv.split is set, got 'fractions'",
        ),
        (
            {"organize.group_pattern": "(a{99999999999})"},
            "organize.group_pattern",
            "not a regular expression: the repetition number is too large, got '(a{99999999999})'",
        ),
        (
            {"download.kind": "archive", "download.path": "a" * 5000},
            "download.path",
            f"not a valid path: File name too long, got '{'a' * 100}'",
        ),
        (
            {"organize.split_folders": {"train": ["a", "b"], "test": "a"}},
            "organize.split_folders",
            "must name each folder once, got 'a' twice",
        ),
        ({"train.momentum": 0.9}, "train.momentum", "must be 0 when optimizer is 'adam', got 0.9"),
        (
            {"train_head.decay_rate": 0.1},
            "train_head.decay_rate",
            "must be 0 when learning_rate_schedule is 'constant', got 0.1",
        ),
        (
            {"train.loss": "hinge", "train.label_smoothing": 0.1},
            "train.label_smoothing",
            "must be 0 when loss is 'hinge', got 0.1",
        ),
        (
            {"train_head.loss": "mean_squared_error", "train_head.label_smoothing": 0.1},
            "train_head.label_smoothing",
            "must be 0 when loss is 'mean_squared_error', got 0.1",
        ),
        (
            {"train.pool_size": [2]},
            "train.pool_size",
            "must be one number or a list of 2, one per entry of filters, got 1",
        ),
        (
            {"train_head.dropout": [0.5, 0.2]},
            "train_head.dropout",
            "must be one number or a list of 1, one per entry of dense_units, got 2",
        ),
        (
            {"extract.image_size": [48, 31]},
            "extract.image_size",
            "vgg16 needs at least 32x32 pixels, got 48x31",
        ),
        (
            {"extract.backbone": "xception", "extract.weights": "none"},
            "extract.image_size",
            "xception needs at least 71x71 pixels, got 64x64",
        ),
        (
            {"extract.backbone": "vgg19"},
            "extract.weights",
            "'hed' are weights of vgg16, not of vgg19",
        ),
        (
            {"extract.backbone": ["vgg16", "vgg16"], "extract.weights": "none"},
            "extract.backbone",
            "must not name a network twice, got ['vgg16', 'vgg16']",
        ),
        (
            {
                "extract.backbone": ["vgg16", "vgg19"],
                "extract.weights": "none",
                "extract.pooling": "none",
            },
            "extract.pooling",
            "must be 'avg' or 'max' for several backbones, got 'none'",
        ),
        (
            {"extract.backbone": ["vgg16", "vgg19"], "extract.weights": ["none"]},
            "extract.weights",
            "must be one value or a list of 2, one per backbone, got 1",
        ),
        (
            {"extract.backbone": ["vgg16", "vgg19"], "extract.weights": "vgg.h5"},
            "extract.weights",
            "must be 'imagenet', 'none' or a list of 2, one per backbone, got 'vgg.h5'",
        ),
        (
            {"train.learning_rate_schedule": "reduce_on_plateau", "train.reduce_lr_patience": 8},
            "train.reduce_lr_patience",
            "must be less than early_stopping_patience (8), got 8",
        ),
        *[
            (
                {"organize.max_bad_images": value},
                "organize.max_bad_images",
                f"must be a number such as 3 or a share such as 1%, got {value!r}",
            )
            for value in (-1, 0.01, "1", "1 %", "101%", "%", True, None)
        ],
        (
            {"preprocess.bit_depth": 17},
            "preprocess.bit_depth",
            "must be less than or equal to 16, got 17",
        ),
        (
            {"preprocess.bit_depth": 7},
            "preprocess.bit_depth",
            "must be greater than or equal to 8, got 7",
        ),
        (
            {"organize.label_pattern": "cat"},
            "organize.label_pattern",
            r"must have one group in parentheses, as in '^(cat|dog)\.', got 0",
        ),
        (
            {"organize.group_pattern": "(c)(d)"},
            "organize.group_pattern",
            r"must have one group in parentheses, as in 'person(\d+)_', got 2",
        ),
        (
            {"organize.label_pattern": "(c"},
            "organize.label_pattern",
            "not a regular expression: missing ), unterminated subpattern at position 0, got '(c'",
        ),
        (
            {"organize.metadata_encoding": "cp9999"},
            "organize.metadata_encoding",
            "must be a text encoding such as cp1252, utf-16 or shift_jis, got 'cp9999'",
        ),
        (
            {"organize.classes": {"cat": "cat"}},
            "organize.classes",
            "must keep at least two classes, got 1",
        ),
        (
            {"download.kind": "archive"},
            "download.path",
            "must name a zip, a tar or a folder of images when kind is 'archive'",
        ),
        (
            {"download.path": "x.zip"},
            "download.path",
            "must be empty when kind is 'digits', got 'x.zip'",
        ),
        (
            {"preprocess.image_size": [8, 3]},
            "preprocess.image_size",
            f"8x3 pixels are too small: {NOTHING_LEFT}",
        ),
        (
            {"train.padding": "valid", "train.convs_per_block": 2, "train.pool_size": 1},
            "preprocess.image_size",
            f"8x8 pixels are too small: {NOTHING_LEFT}",
        ),
        (
            {"runtime.device": "cpu", "extract.precision": "mixed_float16"},
            "extract.precision",
            "'mixed_float16' needs a GPU, but runtime.device is 'cpu'",
        ),
        (
            {"runtime.device": "cpu", "runtime.gpus": 2},
            "runtime.gpus",
            "must be 1 when device is 'cpu', got 2",
        ),
    ],
)
def test_values_that_do_not_fit_together_are_an_error(set_params, changes, parameter, message):
    set_params(**changes)
    assert mistakes() == [f"{parameter}: {message}"]


def test_all_conflicts_of_a_section_are_reported(set_params):
    changes = {"loss": "hinge", "label_smoothing": 0.1, "momentum": 0.9, "decay_rate": 0.1}
    changes["pool_size"] = [2]
    set_params(**{f"train.{name}": value for name, value in changes.items()})
    names = [line.split(":")[0] for line in mistakes()]
    assert names == [
        "train.label_smoothing",
        "train.momentum",
        "train.decay_rate",
        "train.pool_size",
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"train.pool_size": [2, 4]},
        {"train_head.dropout": [0.5]},
        {"train_head.dense_units": [], "train_head.dropout": []},
        {"train.padding": "valid", "train.pool_size": 1},
        {"organize.fractions": {"train": 0.1, "validation": 0.2, "test": 0.7}},
        {"train.optimizer": "sgd", "train.momentum": 0.9},
        {"train.loss": "focal", "train.label_smoothing": 0.1},
        {"train.learning_rate_schedule": "inverse_time_decay", "train.decay_rate": 0.1},
        {"train.augmentation.rotation_degrees": 15, "organize.limit": None, "seed": 0},
        {"download.kind": "archive", "download.path": "images.zip"},
        {"download.kind": "archive", "download.path": "~nobody-of-this-name.zip"},
        {"runtime.device": "gpu", "train.precision": "mixed_float16"},
        {"runtime.device": "gpu", "runtime.gpus": 4},
    ],
)
def test_values_that_fit_together_are_accepted(set_params, changes):
    set_params(**changes)
    load_params()


def test_the_schema_has_no_default_values(default):
    def fields(model):
        for name, field in model.model_fields.items():
            yield name, field
            if hasattr(field.annotation, "model_fields"):
                yield from fields(field.annotation)

    assert [name for name, field in fields(Params) if not field.is_required()] == []
