"""params.yaml is read as DVC reads it, and every mistake in it is named at once."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from convline.params.loading import load_params
from convline.runtime import paths
from convline.runtime.errors import UserError


def test_the_preset_of_the_tests_is_valid(workspace):
    assert load_params().train.epochs == 40


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("train.learnig_rate", 1, "unknown parameter, did you mean 'learning_rate'?"),
        ("train.augmentation.zom", 0.1, "unknown parameter, did you mean 'zoom'?"),
        ("train.learning-rate", 1, "unknown parameter, did you mean 'learning_rate'?"),
        ("train_hed", {}, "unknown parameter, did you mean 'train_head'?"),
        ("my-own", 1, "unknown parameter"),
        ("train.epochs", 2.0, "must be an integer, got 2.0"),
        ("train.epochs", "2", "must be an integer, got '2'"),
        ("train.epochs", True, "must be an integer, got True"),
        ("train.dropout", "0.5", "must be a number, got '0.5'"),
        ("train.batch_normalization", 1, "must be a boolean, got 1"),
        ("download.path", 3, "must be a string, got 3"),
        ("train.filters", 32, "must be a list, got 32"),
        ("train", None, "must be a section, got None"),
        ("seed", -1, "must be greater than or equal to 0, got -1"),
        ("train.epochs", 0, "must be greater than or equal to 1, got 0"),
        ("runtime.gpus", 0, "must be greater than or equal to 1, got 0"),
        ("train.dropout", 1.0, "must be less than 1, got 1.0"),
        ("train.learning_rate", 0.0, "must be greater than 0, got 0.0"),
        ("train.learning_rate", float("nan"), "must be a finite number, got nan"),
        ("train.learning_rate", float("inf"), "must be a finite number, got inf"),
        ("organize.limit", 0, "must be greater than or equal to 1, got 0"),
        ("train.optimizer", "adm", "must be 'sgd', 'rmsprop' or 'adam', got 'adm'"),
        ("organize.split", None, "must be 'fractions', 'folders' or 'test_folder', got None"),
        ("preprocess.image_size", [8], "must have at least 2 items, got [8]"),
        ("preprocess.image_size", [8, 8, 1], "must have at most 2 items, got [8, 8, 1]"),
        ("train.filters", [], "must have at least 1 item, got []"),
        ("train.pool_size", "2", "must be an integer, got '2'"),
        ("train.pool_size", 0, "must be greater than or equal to 1, got 0"),
        ("train_head.dropout", 1.5, "must be less than 1, got 1.5"),
    ],
)
def test_a_mistake_is_one_line_with_what_must_be_and_what_is(set_params, name, value, line):
    set_params(**{name: value})
    assert mistakes() == [f"{name}: {line}"]


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("train.filters", [8, "x"], "train.filters.1: must be an integer, got 'x'"),
        ("train.pool_size", [2, 0], "train.pool_size.1: must be greater than or equal to 1, got 0"),
        ("train_head.dropout", [1.5], "train_head.dropout.0: must be less than 1, got 1.5"),
    ],
)
def test_a_mistake_in_a_list_is_one_line_with_its_position(set_params, name, value, line):
    set_params(**{name: value})
    assert mistakes() == [line]


def test_all_mistakes_are_named_at_once(set_params):
    set_params(
        **{
            "seed": -1,
            "preprocess.encoding": "webp",
            "train.optimizer": "adm",
            "train.lerning_rate": 1,
            "organize.fractions.test": 0.25,
            "extract.image_size": [16, 48],
        }
    )
    remove("train", "momentum")
    remove("evaluate")
    assert sorted(mistakes()) == [
        "evaluate: is missing",
        "extract.image_size: vgg16 needs 32 pixels or more a side, got 16x48",
        "organize.fractions: must add up to 1, got 1.1",
        "preprocess.encoding: must be 'raw', 'png' or 'jpeg', got 'webp'",
        "seed: must be greater than or equal to 0, got -1",
        "train.lerning_rate: unknown parameter, did you mean 'learning_rate'?",
        "train.momentum: is missing",
        "train.optimizer: must be 'sgd', 'rmsprop' or 'adam', got 'adm'",
    ]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"organize.fractions.train": 0.8}, "organize.fractions: must add up to 1, got 1.1"),
        ({"train.momentum": 0.9}, "train.momentum: must be 0 when optimizer is 'adam'"),
        ({"train_head.decay_rate": 0.1}, "train_head.decay_rate: must be 0 when schedule is"),
        ({"train.output": "sigmoid"}, "train.loss: must be 'binary_crossentropy' when output is"),
        ({"train.pool_size": [2]}, "train.pool_size: must be one number or 2, as many as filters"),
        (
            {"train_head.dropout": [0.5, 0.2]},
            "train_head.dropout: must be one number or 1, as many as dense_units, got 2",
        ),
        ({"extract.image_size": [48, 31]}, "extract.image_size: vgg16 needs 32 pixels or more"),
        (
            {"extract.backbone": "xception", "extract.weights": "none"},
            "extract.image_size: xception needs 71 pixels or more a side, got 64x64",
        ),
        (
            {"extract.backbone": "vgg19"},
            "extract.weights: 'hed' are weights of vgg16, not of vgg19",
        ),
        (
            {"extract.backbone": ["vgg16", "vgg16"], "extract.weights": "none"},
            "extract.backbone: must not name a network twice",
        ),
        (
            {
                "extract.backbone": ["vgg16", "vgg19"],
                "extract.weights": "none",
                "extract.pooling": "none",
            },
            "extract.pooling: must be 'avg' or 'max' when there are several backbones",
        ),
        (
            {"extract.backbone": ["vgg16", "vgg19"], "extract.weights": ["none"]},
            "extract.weights: must be one for all or 2, as many as backbone, got 1",
        ),
        (
            {"extract.backbone": ["vgg16", "vgg19"], "extract.weights": "vgg.h5"},
            "extract.weights: must be a list with one for each backbone, or 'imagenet' for all",
        ),
        (
            {"train.schedule": "plateau", "train.plateau_patience": 8},
            "train.plateau_patience: must be less than patience (8), or training stops before",
        ),
        ({"organize.filename_pattern": "cat"}, "organize.filename_pattern: must have one group"),
        ({"organize.filename_pattern": "(c)(d)"}, "organize.filename_pattern: must have one group"),
        ({"organize.filename_pattern": "(cat"}, "organize.filename_pattern: is no regular expr"),
        ({"download.kind": "archive"}, "download.path: must name a zip, a tar or a folder"),
        ({"download.path": "x.zip"}, "download.path: must be empty when download.kind is digits"),
        (
            {"preprocess.image_size": [8, 3]},
            "preprocess.image_size: is too small: of 8x3 pixels nothing is left after block 2 of 2",
        ),
        (
            {"train.padding": "valid", "train.convs_per_block": 2, "train.pool_size": 1},
            "preprocess.image_size: is too small: of 8x8 pixels nothing is left after block 2 of 2",
        ),
        (
            {"runtime.device": "cpu", "extract.precision": "mixed_float16"},
            "extract.precision: mixed_float16 needs a GPU, and runtime.device is 'cpu'",
        ),
        (
            {"runtime.device": "cpu", "runtime.gpus": 2},
            "runtime.gpus: must be 1 when device is 'cpu'",
        ),
    ],
)
def test_values_that_cannot_stand_together_are_refused(set_params, changes, line):
    set_params(**changes)
    (found,) = mistakes()
    assert found.startswith(line)


def test_several_impossible_combinations_of_a_section_are_one_line_each(set_params):
    changes = {"output": "sigmoid", "momentum": 0.9, "decay_rate": 0.1}
    set_params(**{f"train.{name}": value for name, value in changes.items()})
    names = [line.split(":")[0] for line in mistakes()]
    assert names == ["train.loss", "train.momentum", "train.decay_rate"]


@pytest.mark.parametrize(
    "changes",
    [
        {"train.pool_size": [2, 4]},
        {"train_head.dropout": [0.5]},
        {"train.padding": "valid", "train.pool_size": 1},
        {"organize.fractions": {"train": 0.1, "validation": 0.2, "test": 0.7}},
        {"train.optimizer": "sgd", "train.momentum": 0.9},
        {"train.schedule": "inverse_time", "train.decay_rate": 0.1},
        {"train.augmentation.rotation": 15, "organize.limit": None, "seed": 0},
        {"download.kind": "archive", "download.path": "images.zip"},
        {"runtime.device": "gpu", "train.precision": "mixed_float16"},
        {"runtime.device": "gpu", "runtime.gpus": 4},
    ],
)
def test_what_is_possible_is_accepted(set_params, changes):
    set_params(**changes)
    load_params()


def test_yaml_is_read_as_dvc_reads_it(workspace):
    edit("learning_rate: 0.001", "learning_rate: 1e-3")
    assert load_params().train.learning_rate == 1e-3
    edit("horizontal_flip: false", "horizontal_flip: no")
    assert mistakes() == [
        f"{section}.augmentation.horizontal_flip: must be a boolean, got 'no'"
        for section in ("train", "train_head.fine_tune")
    ]


@pytest.mark.parametrize("yaml", ["seed: 1\nseed: 2\n", "seed: [1\n", "a: !!python/name:os.x\n"])
def test_what_is_no_yaml_is_refused(workspace, yaml):
    paths.PARAMS.write_text(yaml)
    with pytest.raises(UserError, match=r"^params\.yaml is no valid YAML:\n.*"):
        load_params()


def test_a_file_that_is_no_unicode_is_refused(workspace):
    paths.PARAMS.write_bytes("seed: 1  # café".encode("latin-1"))
    with pytest.raises(UserError, match=r"^params\.yaml is no valid YAML"):
        load_params()


@pytest.mark.parametrize("yaml", ["", "# nothing\n", "- 1\n", "text\n"])
def test_a_file_without_sections_is_refused(workspace, yaml):
    paths.PARAMS.write_text(yaml)
    (line,) = mistakes()
    assert line.startswith("params.yaml: must be ")


def test_a_missing_file_is_refused_with_where_to_go(tmp_path):
    with pytest.raises(UserError, match=r"there is no .*gone\.yaml here; run from the root"):
        load_params(tmp_path / "gone.yaml")


def mistakes():
    with pytest.raises(UserError) as caught:
        load_params()
    headline, *lines = str(caught.value).splitlines()
    assert headline == "params.yaml is not valid:"
    assert all(line.startswith("  ") for line in lines)
    return [line[2:] for line in lines]


def remove(*names):
    yaml = YAML(typ="safe", pure=True)
    content = yaml.load(paths.PARAMS)
    section = content[names[0]] if len(names) == 2 else content
    del section[names[-1]]
    yaml.dump(content, paths.PARAMS)


def edit(old, new):
    text = Path("params.yaml").read_text()
    assert old in text
    paths.PARAMS.write_text(text.replace(old, new))
