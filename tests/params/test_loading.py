"""params.yaml is read with DVC's YAML rules, and all mistakes in it are reported at once."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from convline.params import renamed
from convline.params.loading import load_params
from convline.runtime import paths
from convline.runtime.errors import UserError
from tests.params.mistakes import mistakes


def test_the_default_is_valid(workspace):
    assert load_params().train.epochs == 40


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("train.learnig_rate", 1, "unknown parameter, did you mean 'learning_rate'?"),
        (
            "train.augmentation.zoom_frac",
            0.1,
            "unknown parameter, did you mean 'zoom_fraction'?",
        ),
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
        ("train.epochs", 0, "must be greater than 0, got 0"),
        ("runtime.gpus", 0, "must be greater than 0, got 0"),
        ("train.dropout", 1.0, "must be less than 1, got 1.0"),
        ("train.learning_rate", 0.0, "must be greater than 0, got 0.0"),
        ("train.learning_rate", float("nan"), "must be a finite number, got nan"),
        ("train.learning_rate", float("inf"), "must be a finite number, got inf"),
        ("organize.limit", 0, "must be greater than 0, got 0"),
        ("train.optimizer", "adm", "must be one of 'sgd', 'rmsprop', 'adam', got 'adm'"),
        (
            "organize.split_method",
            None,
            "must be one of 'fractions', 'folders', 'test_folder', got None",
        ),
        ("preprocess.image_size", [8], "must have at least 2 items, got [8]"),
        ("preprocess.image_size", [8, 8, 1], "must have at most 2 items, got [8, 8, 1]"),
        ("train.filters", [], "must have at least 1 item, got []"),
        ("train.pool_size", "2", "must be an integer, got '2'"),
        ("train.pool_size", 0, "must be greater than 0, got 0"),
        ("train.kernel_size", 10**8, "must be less than or equal to 100, got 100000000"),
        ("train.convs_per_block", 10**5, "must be less than or equal to 100, got 100000"),
        ("train.batch_size", 10**25, f"must be less than or equal to 100000, got {10**25}"),
        ("organize.folds", 10**30, f"must be less than or equal to 1000, got {10**30}"),
        ("evaluate.n_resamples", 10**9, "must be less than or equal to 1000000, got 1000000000"),
        ("train_head.dropout", 1.5, "must be less than 1, got 1.5"),
        (
            "organize.csv.image",
            -1,
            "must be the name of a column, or its number from 0, got -1",
        ),
        (
            "organize.csv.label",
            ["cat"],
            "must be one column, or a list of two names or more, got ['cat']",
        ),
        ("extract.backbone", [], "must name at least one network, got []"),
    ],
)
def test_a_mistake_is_reported_with_what_is_expected_and_what_was_given(
    set_params, name, value, line
):
    set_params(**{name: value})
    assert mistakes() == [f"{name}: {line}"]


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("train.filters", [8, "x"], "train.filters.1: must be an integer, got 'x'"),
        ("train.pool_size", [2, 0], "train.pool_size.1: must be greater than 0, got 0"),
        ("train_head.dropout", [1.5], "train_head.dropout.0: must be less than 1, got 1.5"),
    ],
)
def test_a_mistake_in_a_list_is_reported_with_its_position(set_params, name, value, line):
    set_params(**{name: value})
    assert mistakes() == [line]


def test_all_mistakes_are_reported_at_once(set_params):
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
        "extract.image_size: vgg16 needs at least 32x32 pixels, got 16x48",
        "organize.fractions: must add up to 1, got 1.1",
        "preprocess.encoding: must be one of 'raw', 'png', 'jpeg', got 'webp'",
        "seed: must be greater than or equal to 0, got -1",
        "train.lerning_rate: unknown parameter, did you mean 'learning_rate'?",
        "train.momentum: is missing",
        "train.optimizer: must be one of 'sgd', 'rmsprop', 'adam', got 'adm'",
    ]


def test_former_names_and_values_are_reported_with_the_present_ones(set_params):
    former = {
        "organize.group": None,
        "train.patience": 8,
        "train.schedule": "inverse_time",
        "train_head.fine_tune.layers": 0,
        "train_head.fine_tune.augmentation.shear": 0,
    }
    present = {"organize.duplicates": "refuse", "train.loss": "categorical_crossentropy"}
    set_params(**former, **present)
    for parameter in former:
        remove(*renamed.new_name(parameter).split("."))
    assert sorted(mistakes()) == [
        "organize.duplicates: 'refuse' was renamed to 'error'",
        "organize.group: renamed to 'group_pattern'",
        "train.loss: 'categorical_crossentropy' was renamed to 'crossentropy'",
        "train.patience: renamed to 'early_stopping_patience'",
        (
            "train.schedule: renamed to 'learning_rate_schedule', and its value 'inverse_time' to "
            "'inverse_time_decay'"
        ),
        "train_head.fine_tune.augmentation.shear: renamed to 'shear_degrees'",
        "train_head.fine_tune.layers: renamed to 'unfreeze_layers'",
    ]


def test_a_former_value_of_an_unknown_parameter_is_not_called_renamed(set_params):
    set_params(**{"extract.loss": "binary_crossentropy"})
    assert mistakes() == ["extract.loss: unknown parameter"]


def test_each_former_name_leads_to_a_parameter_of_the_default(default):
    for name, parameters in renamed.PARAMETERS.items():
        section = default
        for step in name.split("."):
            section = section[step]
        assert set(parameters.values()) <= set(section)
        assert not set(parameters) & set(section)
    assert set(renamed.PRESETS.values()) == {"default"}


def test_each_former_value_leads_to_a_valid_one(set_params):
    values = renamed.VALUES
    for value in {*values["loss"].values(), *values["learning_rate_schedule"].values()}:
        name = "loss" if value in values["loss"].values() else "learning_rate_schedule"
        set_params(**{f"train.{name}": value})
        load_params()
    set_params(**{"organize.duplicates": values["duplicates"]["refuse"]})
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
def test_invalid_yaml_is_an_error(workspace, yaml):
    paths.PARAMS.write_text(yaml)
    with pytest.raises(UserError, match=r"^params\.yaml is not valid YAML:\n.*"):
        load_params()


def test_a_file_that_is_not_utf_8_is_an_error(workspace):
    paths.PARAMS.write_bytes("seed: 1  # café".encode("latin-1"))
    with pytest.raises(UserError, match=r"^params\.yaml is not valid YAML"):
        load_params()


@pytest.mark.parametrize("yaml", ["", "# nothing\n", "- 1\n", "text\n"])
def test_a_file_without_sections_is_an_error(workspace, yaml):
    paths.PARAMS.write_text(yaml)
    (line,) = mistakes()
    assert line.startswith("params.yaml: must be ")


def test_a_missing_file_is_an_error_that_names_the_folder_to_run_from(tmp_path):
    with pytest.raises(UserError, match=r"gone\.yaml not found; run from the root"):
        load_params(tmp_path / "gone.yaml")


def remove(*names):
    yaml = YAML(typ="safe", pure=True)
    content = yaml.load(paths.PARAMS)
    section = content
    for name in names[:-1]:
        section = section[name]
    del section[names[-1]]
    yaml.dump(content, paths.PARAMS)


def edit(old, new):
    text = Path("params.yaml").read_text()
    assert old in text
    paths.PARAMS.write_text(text.replace(old, new))
