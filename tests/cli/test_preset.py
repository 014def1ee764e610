"""`convline preset`: params.yaml replaced by a preset."""

from contextlib import chdir
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from convline.cli import preset
from convline.params import presets
from convline.runtime.errors import UserError
from tests.commands import call

NAMES = sorted(path.stem for path in Path("presets").glob("*.yaml"))


def test_the_result_does_not_depend_on_the_params_before(workspace):
    run(workspace, "dogs-vs-cats")
    run(workspace, "default")
    assert (workspace / "params.yaml").read_text() == presets.render("default")


def test_further_values_are_set_and_lists_are_lists(workspace):
    own = ["download.kind=archive", "download.name=", "download.path=~/dogs.zip"]
    run(workspace, "dogs-vs-cats", "train.filters=[8, 16]", *own)
    params = load(workspace / "params.yaml")
    assert params["train"]["filters"] == [8, 16]
    assert params["download"]["path"] == "~/dogs.zip"


def test_show_changes_nothing(workspace, capsys):
    before = (workspace / "params.yaml").read_text()
    run(workspace, "dogs-vs-cats", "--show")
    assert (workspace / "params.yaml").read_text() == before
    assert "+  kind: kaggle_competition" in capsys.readouterr().out


def test_the_list_has_a_line_for_each(workspace, capsys):
    run(workspace)
    assert {line.split(":")[0] for line in capsys.readouterr().out.splitlines()} == set(NAMES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dog-vs-cats"], "did you mean 'dogs-vs-cats'"),
        (["nonsense"], "choose one of cat-and-dog, chest-xray"),
        (
            ["default", "train.drpout=0.3"],
            "train.drpout: unknown parameter, did you mean 'dropout'",
        ),
        (["default", "train.dropout=high"], "train.dropout: must be a number, got 'high'"),
        (["default", "train.dropout"], "expected section.parameter=value, got"),
        (["default", "train.filters=[8"], "not valid YAML"),
    ],
)
def test_mistakes_change_nothing(workspace, arguments, message):
    before = (workspace / "params.yaml").read_text()
    with pytest.raises(UserError, match=message):
        run(workspace, *arguments)
    assert (workspace / "params.yaml").read_text() == before


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """A folder with presets/ and a params.yaml of its own; the command runs in it."""
    (tmp_path / "presets").symlink_to(Path("presets").resolve())
    (tmp_path / "params.yaml").write_text(presets.render("default"))
    return tmp_path


def run(folder: Path, *arguments: str) -> None:
    with chdir(folder):
        call(preset.main, *arguments)


def load(path):
    return YAML(typ="safe").load(Path(path))
