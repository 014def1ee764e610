"""Each row of the benchmarks on small data: both sides do their work."""

import io
import json
import shutil
import subprocess
import sys
import zlib
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from ruamel.yaml import YAML

from benchmarks import (
    decode,
    experiment,
    features,
    full_size,
    head,
    orchestration,
    pipeline,
    preprocess,
    scratch,
    step,
    training_input,
    tutorial,
    workspace,
)
from benchmarks.__main__ import find_rows
from benchmarks.harness import NotMeasured
from benchmarks.usage import Usage
from convline.records.features import load_features
from convline.runtime import paths
from convline.runtime.errors import UserError
from tests.image_archives import pack
from tests.pipeline.test_default_run import SHRUNK

ROOT = Path(__file__).parents[2]
IMAGES = 40
TRAIN, VALIDATION, TEST = 26, 6, 8


def test_missing_images_are_one_message(monkeypatch):
    monkeypatch.delenv("TEST_DATA_DIR", raising=False)
    monkeypatch.delenv("BENCH_IMAGES", raising=False)
    with pytest.raises(UserError, match="set BENCH_IMAGES to the archive"):
        workspace.archive()
    monkeypatch.setenv("BENCH_IMAGES", "no.zip")
    with pytest.raises(UserError, match=r"BENCH_IMAGES is no\.zip, which does not exist"):
        workspace.archive()


def test_an_unknown_row_is_one_message():
    assert [row.name for row in find_rows(["head", "step"])] == ["head", "step"]
    with pytest.raises(UserError, match="unknown row 'hed', did you mean 'head'"):
        find_rows(["step", "hed"])


def test_a_command_that_fails_shows_what_it_wrote(monkeypatch):
    with pytest.raises(UserError, match=r"(?s)`.*import nothing_of_this_name` failed:.*No module"):
        workspace.command(sys.executable, "-c", "import nothing_of_this_name")


@pytest.mark.parametrize(
    ("side", "low", "high"),
    [("convline", 100, 255), ("image_data_generator", 0.3, 1), ("keras_layers", 100, 255)],
)
def test_each_input_yields_all_training_images_in_each_epoch(small, side, low, high):
    workspace.prepare("preprocess")
    make = getattr(training_input, side)()
    for _ in range(2):
        batches = [(np.asarray(images), labels) for images, labels in make()]
        assert [images.shape for images, _ in batches] == [(16, 32, 32, 3), (10, 32, 32, 3)]
        assert [labels.shape for _, labels in batches] == [(16, 2), (10, 2)]
        assert low < batches[0][0].max() <= high
    assert training_input.epoch(make)() == TRAIN


def test_input_rows_run(small):
    for row in training_input.ROWS[:2]:
        timing, limit, _ = row.measure()
        assert timing.items == TRAIN
        assert limit.rate > 0
        assert len(timing.ours) == len(timing.theirs) == 1


def test_torchvision_runs_in_its_own_interpreter(small, monkeypatch):
    monkeypatch.delenv("TORCH_PYTHON", raising=False)
    with pytest.raises(NotMeasured, match="TORCH_PYTHON"):
        training_input.against_torchvision()
    interpreter = Path("python")
    answers = f"echo ready; while read x; do echo {TRAIN}; done"
    interpreter.write_text(f'#!/bin/sh\necho "$@" > arguments\n{answers}\n')
    interpreter.chmod(0o755)
    monkeypatch.setenv("TORCH_PYTHON", str(interpreter.resolve()))
    timing, *_ = training_input.against_torchvision()
    assert timing.items == TRAIN
    assert Path("arguments").read_text().endswith("torch_input.py data/organized/train 32 32 16\n")


def test_an_interpreter_without_torchvision_is_named(small, monkeypatch, capfd):
    monkeypatch.setenv("TORCH_PYTHON", sys.executable)
    with pytest.raises(UserError, match="TORCH_PYTHON failed"):
        training_input.against_torchvision()
    assert "No module named 'torch'" in capfd.readouterr().err


def test_steps_are_counted_by_the_optimizer(small):
    workspace.prepare("preprocess")
    ours, theirs = step.sides(3)
    assert ours() == theirs() == 3 * 2


def test_a_step_is_compared_with_torch(small, monkeypatch):
    answer = f"echo ready; while read x; do echo {2 * step.EPOCHS}; done"
    interpreter = Path("python")
    interpreter.write_text(f'#!/bin/sh\necho "$@" > arguments\n{answer}\n')
    interpreter.chmod(0o755)
    monkeypatch.setenv("TORCH_PYTHON", str(interpreter.resolve()))
    assert step.against_torch().timing.items == 2 * step.EPOCHS
    assert (
        Path("arguments").read_text().endswith(f"torch_cnn.py float32 32 32 16 {2 * step.EPOCHS}\n")
    )


def test_preprocess_row(small):
    timing, _, note = preprocess.against_decoding()
    assert timing.items == IMAGES
    assert decode.decode_all(paths.ORGANIZED, (32, 32)) == IMAGES
    assert note.startswith("without process start ")


def test_features_row(small):
    timing, limit, note = features.against_tutorial()
    assert limit.rate > 0
    assert timing.items == IMAGES
    assert note.endswith("; VGG16 had random weights")
    for split, images in (("train", TRAIN), ("validation", VALIDATION), ("test", TEST)):
        ours = load_features(split)
        theirs = np.load(f"features_{split}.npy")
        assert ours.features.shape == theirs.shape == (images, 1, 1, 512)
        assert sorted(ours.labels) == sorted(np.load(f"labels_{split}.npy"))


def test_scratch_row(small):
    timing, limit, _ = scratch.against_tutorial(2)()
    assert timing.items == 2 * TRAIN
    assert limit.rate > 0
    assert Path("models/scratch.keras").exists()
    assert Path("tutorial_cnn.keras").exists()


def test_head_row_repeats_features_under_other_keys(small, monkeypatch):
    monkeypatch.setattr(head, "ROWS_OF", {"train": 60, "validation": 20})
    workspace.prepare("extract")
    head.multiply(Path("many"))
    few, many = load_features("train"), load_features("train", Path("many/data/features"))
    assert many.features.shape == (60, 1, 1, 512)
    assert len(set(many.keys)) == 60
    assert np.array_equal(many.labels[TRAIN : 2 * TRAIN], few.labels)
    assert np.allclose(many.features[TRAIN : 2 * TRAIN], few.features, atol=few.features.std() / 10)
    assert np.array_equal(np.load("many/features_train.npy"), many.features)
    timing, limit, _ = head.against_tutorial()
    assert timing.items == 60
    assert limit.rate > 0


@pytest.mark.slow
def test_full_size_row_scales_epochs(small, monkeypatch):
    taken = iter(range(100))

    def measured(call):
        call()
        return None, Usage(next(taken), 1, 10)

    monkeypatch.setattr(full_size, "measured", measured)
    timing, _, note = full_size.against_tutorial()
    # Start 0, features 1, CNN 2 and 3, head 4 and 5: half a second per epoch.
    assert timing.theirs[0].seconds == 0 + 1 + 34 / 2 + 15 / 2
    # download 6, organize 7, preprocess 8, CNN 9 and 10, extract 11, head 12, evaluate 13.
    assert timing.ours[0].seconds == 6 + 7 + 8 + 9 + 33 / 2 + 11 + 12 + 13
    assert note == "1 against 0 minutes"


def test_full_size_row_needs_all_images(small, monkeypatch):
    monkeypatch.setattr(full_size, "IMAGES", 25_000)
    with pytest.raises(NotMeasured, match="archive with all 25,000 images"):
        full_size.against_tutorial()


def test_the_tutorial_as_one_script_tests_both_models(small, capsys):
    workspace.set_params()
    Path("clone").mkdir()
    shutil.copy("params.yaml", "clone")
    Path("script").mkdir()
    assert pipeline.tutorial() == IMAGES
    made = {path.name for path in Path("script").iterdir()}
    assert {"tutorial_cnn.keras", "tutorial_head.keras", "features_test.npy"} <= made
    losses = [json.loads(x) for x in capsys.readouterr().out.splitlines() if x.startswith("[")]
    assert [len(x) for x in losses] == [2, 2]


def test_stages_without_work_import_their_module_and_write_outputs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "dvc.yaml", "dvc.yaml")
    stages = orchestration.without_work()
    assert len(stages) == 7
    for name, stage in YAML(typ="safe").load(Path("dvc.yaml"))["stages"].items():
        imports, *writes = stage["cmd"]
        assert imports == f"python -c 'import stages.{name}'"
        for dep in stage["deps"]:
            assert dep.startswith(("convline", "stages")) or Path(dep).exists()
        subprocess.run(["sh", "-c", " && ".join(writes)], check=True)
        outs = [*stage.get("outs", []), *stage["metrics"], *stage.get("plots", [])]
        assert all(Path(orchestration.path_of(out)).exists() for out in outs)


@pytest.mark.slow
def test_an_experiment_is_compared_with_its_two_stages(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(experiment, "VALUES", SHRUNK)
    monkeypatch.setattr(experiment, "ROUNDS", 1)
    timing, _, note = experiment.against_bare_stages()
    assert timing.items == 2
    beyond = timing.ours[0].seconds - timing.theirs[0].seconds
    assert note == f"DVC and its checks take {beyond:.1f} s of an experiment"


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A workspace of 40 images, 32x32; stages and peers run in this process, which has Keras."""
    inner = {f"train/{c}.{i}.jpg": jpeg(c, i) for c in ("cat", "dog") for i in range(IMAGES // 2)}
    (tmp_path / "images.zip").write_bytes(pack({"train.zip": pack(inner)}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TEST_DATA_DIR", raising=False)
    monkeypatch.delenv("BENCH_WEIGHTS", raising=False)
    monkeypatch.setenv("BENCH_IMAGES", str(tmp_path / "images.zip"))
    sections = ("train", "extract", "train_head")
    precision = [f"{section}.precision=float32" for section in sections]
    sizes = ["preprocess.image_size=[32,32]", "extract.image_size=[32,32]", "train.batch_size=16"]
    monkeypatch.setattr(workspace, "VALUES", ["organize.limit=40", *sizes, *precision])
    monkeypatch.setattr(tutorial, "SIZE", (32, 32))
    for part in (training_input, step, preprocess, features, head):
        monkeypatch.setattr(part, "ROUNDS", 1)
    monkeypatch.setattr(scratch, "ROUNDS", {2: 1})
    monkeypatch.setattr(features, "BATCHES", 1)
    monkeypatch.setattr(full_size, "PART", IMAGES)
    monkeypatch.setattr(full_size, "IMAGES", IMAGES)
    for part in (head, pipeline):
        monkeypatch.setattr(part, "EPOCHS", 1)

    def in_process(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        import_module(name).main()

    monkeypatch.setattr(workspace, "module", in_process)
    monkeypatch.setattr(workspace, "command", lambda *words: exec(words[-1], {}))


def jpeg(*name):
    buffer = io.BytesIO()
    random = np.random.default_rng(zlib.crc32(repr(name).encode()))
    Image.fromarray(random.integers(0, 256, (40, 50, 3), np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()
