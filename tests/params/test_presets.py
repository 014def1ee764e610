"""The presets of this repository, and mistakes in a preset that a user writes."""

import io
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from convline.params import presets
from convline.runtime.errors import UserError

NAMES = sorted(path.stem for path in Path("presets").glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_each_preset_fits_the_schema_and_contains_its_name(name):
    assert presets.render(name).startswith(f"# Preset {name}: ")


@pytest.mark.parametrize("name", [name for name in NAMES if name != presets.DEFAULT])
def test_a_preset_contains_only_what_differs_from_the_default(name):
    default, own = (flatten(load(f"presets/{x}.yaml")) for x in (presets.DEFAULT, name))
    assert not [key for key, value in own.items() if default[key] == value]


@pytest.mark.parametrize("name", NAMES)
def test_dvc_would_write_the_file_in_the_same_form(name):
    text = presets.render(name)
    stream = io.StringIO()
    yaml = YAML()
    yaml.dump(yaml.load(text), stream)
    assert stream.getvalue() == text


@pytest.mark.parametrize("name", NAMES)
def test_comments_and_order_stay(name):
    default = Path("presets/default.yaml").read_text()
    text = presets.render(name)
    assert list(flatten(YAML().load(text))) == list(flatten(YAML().load(default)))
    comments = [line.split("# ", 1)[1] for line in default.splitlines()[1:] if "# " in line]
    assert not [comment for comment in comments if comment not in text]


def test_params_yaml_has_the_text_of_the_preset_whose_values_it_has():
    params = Path("params.yaml").read_text()
    same_values = [
        name for name in NAMES if YAML().load(presets.render(name)) == load("params.yaml")
    ]
    assert all(presets.render(name) == params for name in same_values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "preset 'mine' must contain sections of params.yaml, got None"),
        ("# Preset mine: nothing yet\n", "must contain sections of params.yaml, got None"),
        ("- train\n", r"must contain sections of params.yaml, got \['train'\]"),
        ("train: [1\n", "preset 'mine' is not valid YAML"),
        ("train:\n  drpout: 0.1\n", "train.drpout: unknown parameter, did you mean 'dropout'"),
    ],
)
def test_a_mistake_in_a_preset_is_one_message(tmp_path, monkeypatch, text, message):
    default = Path("presets/default.yaml").read_text()
    monkeypatch.chdir(tmp_path)
    Path("presets").mkdir()
    Path("presets/default.yaml").write_text(default)
    Path("presets/mine.yaml").write_text(text)
    assert presets.list_presets().startswith("default: ")
    with pytest.raises(UserError, match=message):
        presets.render("mine")


def load(path):
    return YAML(typ="safe").load(Path(path))


def flatten(section, prefix=""):
    flat = {}
    for key, value in section.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
