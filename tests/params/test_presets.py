"""A preset that a user writes is listed, and mistakes in it are one message."""

from pathlib import Path

import pytest

from convline.params import presets
from convline.runtime.errors import UserError


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
