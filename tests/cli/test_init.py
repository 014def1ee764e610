"""`convline init`: params.yaml for the user's images, written with consent."""

import functools
import io
import json
import os
import pty
import sys
from contextlib import chdir
from pathlib import Path

import pytest

from convline.cli import init
from convline.inspection.plan import make_plan
from convline.params.loading import load_params
from convline.runtime.errors import UserError
from tests.commands import CONVLINE, call, convline, environment, make_repository, run_in
from tests.image_archives import pack
from tests.inspection.plans import photos
from tests.kaggle_server import DATASET, serve

PETS = photos(["cat", "dog"])


def test_params_and_a_page_are_written(repository):
    # A path is relative to the user's folder.
    result = run_in(repository / "own", [*CONVLINE, "init", "photos.zip"], environment())
    assert result.returncode == 0, result.stderr
    params = read(repository)
    assert params.download.path == str(repository / "own/photos.zip")
    assert params.preprocess.image_size == [20, 20]
    page = (repository / "report/images.html").read_text()
    assert "40 images in 2 classes" in page
    assert page.count("data:image/png") == 1
    assert "make repro  about " in result.stdout


def test_a_line_break_in_a_name_stays_in_the_comment(repository, here):
    (repository / "own/a\nb: c.zip").write_bytes(pack(PETS))
    call(init.main, "own/a\nb: c.zip")
    assert (repository / "params.yaml").read_text().startswith("# For a b: c.zip: 40 images in 2")
    assert read(repository).download.path == str(repository / "own/a\nb: c.zip")


def test_a_dry_run_writes_nothing(repository, here, capsys):
    before = listing(repository)
    call(init.main, "own/photos.zip", "--dry-run", "train.epochs=3")
    assert "+  epochs: 3 " in capsys.readouterr().out
    assert listing(repository) == before


def test_uncommitted_changes_are_kept_without_consent(repository, here, monkeypatch):
    change = (repository / "params.yaml").read_text().replace("seed: 42", "seed: 7")
    (repository / "params.yaml").write_text(change)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    message = "changes that are not committed; commit them, or overwrite them with --yes"
    with pytest.raises(UserError, match=message):
        call(init.main, "own/photos.zip")
    assert (repository / "params.yaml").read_text() == change
    assert not (repository / "report").exists()
    call(init.main, "own/photos.zip", "--yes")
    assert read(repository).seed == 42
    # The same again changes nothing, so that nobody has to agree.
    call(init.main, "own/photos.zip")


def test_a_params_file_that_is_not_text_is_replaced_with_consent(repository, here):
    (repository / "params.yaml").write_bytes(b"\xff\xfe")
    call(init.main, "own/photos.zip", "--yes")
    assert read(repository).preprocess.image_size == [20, 20]


@pytest.mark.parametrize("answer", ["y", "n"])
def test_a_terminal_is_asked(repository, here, monkeypatch, answer):
    changed = (repository / "presets/lenet5.yaml").read_text()
    (repository / "params.yaml").write_text(changed)
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        if answer == "y":
            call(init.main, "own/photos.zip")
            assert read(repository).preprocess.image_size == [20, 20]
        else:
            with pytest.raises(UserError, match="was not changed"):
                call(init.main, "own/photos.zip")
            assert (repository / "params.yaml").read_text() == changed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.zip"], "there is nothing at"),
        (["keras:mnist2"], "download.name: must be 'fashion_mnist'"),
        (["own/photos.zip", "train.epoch=3"], "did you mean 'epochs'"),
        (["own/broken.zip"], "broken.zip"),
        (["own/empty"], "no images"),
        ([""], "the source is empty"),
    ],
)
def test_a_mistake_is_one_message_and_writes_nothing(repository, arguments, message):
    before = listing(repository)
    result = convline(repository, "init", *arguments)
    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert listing(repository) == before


@pytest.mark.slow
def test_a_data_set_of_kaggle_is_downloaded_by_the_pipeline(repository, tmp_path):
    with serve(pack(PETS)) as kaggle:
        variables = kaggle.environment(tmp_path)
        result = convline(repository, "init", "kaggle:owner/pets", **variables)
        assert result.returncode == 0, result.stderr
    assert sum(DATASET in address for address, _ in kaggle.asked) == 1
    source = json.loads((repository / "data/raw/source.json").read_text())
    assert source["name"] == "owner/pets"
    assert read(repository).download.kind == "kaggle_dataset"


def test_params_return_if_the_download_fails(repository, tmp_path):
    before = (repository / "params.yaml").read_text()
    with serve(pack(PETS)) as kaggle:
        kaggle.error = (404, "none")
        result = convline(repository, "init", "kaggle:owner/none", **kaggle.environment(tmp_path))
    assert result.returncode != 0
    assert (repository / "params.yaml").read_text() == before


def test_make_repro_chooses_and_runs(repository):
    make = ["make", "repro", "IMAGES=own/my photos.zip", "--old-file=setup", "--dry-run"]
    printed = run_in(repository, make, environment()).stdout
    assert 'convline init "$IMAGES"' in printed
    assert printed.index("convline init") < printed.index("convline.runtime.repro")


@pytest.fixture
def repository(tmp_path):
    folder = make_repository(tmp_path / "clone", "default")
    own = folder / "own"
    (own / "empty").mkdir(parents=True)
    (own / "photos.zip").write_bytes(pack(PETS))
    (own / "broken.zip").write_bytes(pack(PETS)[:5000])
    return folder


@pytest.fixture
def here(repository, monkeypatch):
    """Run the command in this process, without the probe that takes 5 s."""
    monkeypatch.chdir(repository)
    monkeypatch.setattr(init, "make_plan", functools.partial(make_plan, probe=False))


def read(repository):
    with chdir(repository):
        return load_params(Path("params.yaml"))


def listing(folder):
    skipped = {".git", "__pycache__"}
    files = [path for path in folder.rglob("*") if not skipped & set(path.parts)]
    return {str(path): path.read_bytes() if path.is_file() else None for path in files}
