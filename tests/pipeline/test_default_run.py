"""The default pipeline, run by `dvc` in a copy of the repository, shrunk to seconds."""

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from convline.runtime import paths
from convline.serving.loaded_classifier import load_classifier
from tests.commands import (
    REPOSITORY,
    apply_preset,
    dvc,
    environment,
    make_repository,
    python,
    run_in,
    stages_run,
)
from tests.made_predictions import read_predictions

STAGES = ["download", "organize", "preprocess", "train", "extract", "train_head", "evaluate"]
SHRUNK = [
    "organize.limit=300",
    "train.filters=[4]",
    "train.dense_units=[8]",
    "train.epochs=2",
    "extract.image_size=[32, 32]",
    "train_head.dense_units=[8]",
    "train_head.epochs=2",
]


def test_both_models_are_evaluated_on_the_test_split(repository):
    metrics = json.loads((repository / "metrics/evaluate.json").read_text())
    scores = {"accuracy", "f1", "loss", "precision", "recall", "roc_auc"}
    assert set(metrics) == {"classifier", "comparison", "examples", "scratch", "transfer"}
    assert scores < set(metrics["scratch"]) == set(metrics["transfer"])
    test_images = list((repository / "data/organized/test").glob("*/*.png"))
    assert metrics["examples"] == len(test_images) == 44
    for stage in STAGES:
        assert (repository / f"metrics/{stage}.json").exists()


def test_the_classifier_predicts_from_files_what_evaluate_computed(repository, monkeypatch):
    monkeypatch.chdir(repository)
    chosen = json.loads(paths.metrics("evaluate").read_text())["classifier"]
    test = read_predictions(paths.PREDICTIONS / f"{chosen}.csv")["test"]
    classifier = load_classifier()
    files = [paths.ORGANIZED / "test" / key for key in test.keys]
    images = [classifier.decode(file.read_bytes()) for file in files]
    probabilities = np.array(list(classifier.predict(images, batch_size=16)))
    assert classifier.classes == test.classes
    assert probabilities == pytest.approx(test.probabilities, abs=1e-5)


def test_a_second_repro_does_nothing(repository):
    assert "Data and pipelines are up to date." in dvc(repository, "repro")


@pytest.mark.parametrize("page", ["evaluation.md", "predictions.md"])
def test_the_python_examples_of_the_docs_run(repository, page):
    text = (REPOSITORY / "docs" / page).read_text()
    (example,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    image = min((repository / "data/organized/test").glob("*/*.png"))
    shutil.copy(image, repository / "photo.jpg")
    try:
        result = run_in(repository, [sys.executable, "-c", example], environment())
    finally:
        (repository / "photo.jpg").unlink()
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_a_forced_repro_writes_the_same_bytes(repository):
    before = (repository / "dvc.lock").read_bytes()
    dvc(repository, "repro", "-f")
    assert (repository / "dvc.lock").read_bytes() == before


@pytest.mark.slow
def test_another_clone_writes_the_same_bytes(repository, tmp_path):
    clone = make_repository(tmp_path / "another" / "depth", "default", *SHRUNK)
    dvc(clone, "repro")
    assert (clone / "dvc.lock").read_bytes() == (repository / "dvc.lock").read_bytes()


@pytest.mark.slow
def test_another_dropout_runs_only_train_and_evaluate(repository):
    output = dvc(repository, "exp", "run", "-S", "train.dropout=0.3")
    assert stages_run(output) == ["train", "evaluate"]
    back = dvc(repository, "exp", "run", "-S", "train.dropout=0.5")
    assert stages_run(back) == []


def test_experiments_are_listed_with_short_column_names(repository):
    rows = list(csv.reader(io.StringIO(dvc(repository, "exp", "show", "--csv"))))
    # DVC puts the file before a name that occurs in two files.
    assert not [name for name in rows[0] if ".json:" in name or ".yaml:" in name]
    assert {"scratch.accuracy", "transfer.accuracy", "train.dropout"} <= set(rows[0])


def test_plots_are_drawn_once_each(repository):
    plots = json.loads(dvc(repository, "plots", "show", "--json"))
    assert "errors" not in plots
    assert set(plots["data"]) == {
        "metrics/organize/class_balance.csv",
        "metrics/organize/samples.png",
        "metrics/organize/near_duplicates.png",
        "metrics/train/plots/custom/loss.json",
        "metrics/train/plots/custom/accuracy.json",
        "metrics/train_head/plots/custom/loss.json",
        "metrics/train_head/plots/custom/accuracy.json",
        "metrics/evaluate/confusion_scratch.csv",
        "metrics/evaluate/confusion_transfer.csv",
        "metrics/evaluate/roc.csv",
        "metrics/evaluate/precision_recall.csv",
        "metrics/evaluate/reliability.csv",
        "metrics/evaluate/scores.csv",
        "metrics/evaluate/pictures/mistakes_scratch.png",
        "metrics/evaluate/pictures/mistakes_transfer.png",
        "metrics/evaluate/pictures/disagreements.png",
        *(
            f"metrics/evaluate/pictures/{picture}_{model}.png"
            for picture in ("grad_cam", "edges", "filters", "feature_maps")
            for model in ("scratch", "transfer")
        ),
    }


@pytest.mark.slow
def test_a_killed_stage_does_not_change_the_result(repository):
    before = (repository / "dvc.lock").read_bytes()
    kill(repository, "organize", at=repository / "data/.partial-organized")
    kill(repository, "train", at=repository / "metrics/train/plots/custom/loss.json")
    kill(repository, "extract", at=repository / "data/.partial-features")
    dvc(repository, "repro")
    assert (repository / "dvc.lock").read_bytes() == before


@pytest.mark.parametrize(
    ("stage", "values", "message"),
    [
        ("download", ["download.kind=archive", "download.path=no.zip"], "nothing at 'no.zip'"),
        ("train", ["runtime.device=gpu"], "make setup EXTRA=gpu"),
        ("extract", ["extract.weights=README.md"], "'README.md' does not fit"),
        ("extract", ["extract.weights=imagnet"], "there is no file 'imagnet'"),
    ],
)
def test_a_mistake_is_one_message_and_loses_nothing(repository, stage, values, message):
    lock = (repository / "dvc.lock").read_bytes()
    partial = set(repository.glob("**/.partial-*"))  # of killed runs
    params = (repository / "params.yaml").read_bytes()
    apply_preset(repository, "default", *SHRUNK, *values)
    try:
        output = dvc(repository, "repro", "-f", "-s", stage, fails=True)
    finally:
        (repository / "params.yaml").write_bytes(params)
    assert message in output
    assert "Traceback" not in output
    assert set(repository.glob("**/.partial-*")) <= partial
    # DVC removed outputs before the run; they come back from its cache.
    assert stages_run(dvc(repository, "repro")) == []
    assert (repository / "dvc.lock").read_bytes() == lock


def test_a_misspelt_param_is_refused_before_any_work(repository):
    params = repository / "params.yaml"
    before = params.read_text()
    params.write_text(before.replace("  dropout: 0.5", "  drpout: 0.5", 1))
    try:
        output = dvc(repository, "repro", fails=True)
    finally:
        params.write_text(before)
    assert "train.drpout: unknown parameter, did you mean 'dropout'?" in output
    assert "Traceback" not in output


@pytest.mark.skipif(not shutil.which("mount") or os.geteuid() != 0, reason="mounts need root")
@pytest.mark.parametrize("stage", ["download", "preprocess", "train"])
def test_a_full_disk_is_one_message(repository, stage, tmp_path):
    folder = repository / ("models" if stage == "train" else "data")
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    room = {"download": 64, "preprocess": 1200, "train": 64}[stage]
    mount = ["mount", "-t", "tmpfs", "-o", f"size={room}k", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("mounting is not permitted here")
    try:
        if stage == "preprocess":
            fill(folder, copy)
        result = python(repository, f"stages.{stage}")
        left = [path for path in folder.rglob("*") if ".partial-" in path.name]
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    assert result.returncode == 1
    assert "the disk is full" in result.stderr
    assert "Traceback" not in result.stderr
    assert left == []


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    folder = make_repository(tmp_path_factory.mktemp("repository"), "default", *SHRUNK)
    dvc(folder, "repro")
    return folder


def fill(folder: Path, copy: Path) -> None:
    """Copy the organized images into the folder and leave 64 KB of its disk free."""
    shutil.copytree(copy / "organized", folder / "organized")
    free = shutil.disk_usage(folder).free
    (folder / "ballast").write_bytes(bytes(max(0, free - (64 << 10))))


def kill(repository: Path, stage: str, at: Path) -> None:
    """Kill dvc and the stage with SIGKILL as soon as the stage has begun to write `at`.

    Before that, DVC writes its own lock file, which must be deleted by hand if it is incomplete.
    """
    started = time.time()
    process = subprocess.Popen(
        ["dvc", "repro", "-f", "-s", stage],
        cwd=repository,
        env=environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not at.exists() or at.stat().st_mtime < started:
        assert time.time() < started + 120
        assert process.poll() is None
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
