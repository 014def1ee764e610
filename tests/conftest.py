"""Fixtures that several test files share."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from convline.params.loading import validate
from convline.runtime import paths
from stages import download, organize
from tests.image_archives import pack, tree_of

ROOT = Path(__file__).parents[1]


@pytest.fixture
def default():
    """The values of presets/default.yaml, to change and to validate."""
    return YAML(typ="safe").load(ROOT / "presets/default.yaml")


@pytest.fixture
def default_params(default):
    return validate(default, "presets/default.yaml")


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """An empty working folder whose params.yaml is the preset default."""
    monkeypatch.chdir(tmp_path)
    paths.PARAMS.write_bytes((ROOT / "presets/default.yaml").read_bytes())
    return tmp_path


@pytest.fixture
def set_params(workspace):
    """Change params.yaml, as in `set_params(**{"train.dropout": 0.3})`."""

    def change(**values):
        yaml = YAML(typ="safe", pure=True)
        content = yaml.load(paths.PARAMS)
        for name, value in values.items():
            *sections, key = name.split(".")
            section = content
            for step in sections:
                section = section[step]
            section[key] = value
        yaml.dump(content, paths.PARAMS)

    return change


@pytest.fixture
def run(workspace, set_params):
    """Run download and organize on these files, or on the bytes of an archive; return the tree."""
    set_params(**{"download.kind": "archive", "download.path": "own.zip"})

    def both(files):
        Path("own.zip").write_bytes(files if isinstance(files, bytes) else pack(files))
        download.main()
        organize.main()
        return tree_of("data/organized")

    return both
