"""The benchmarks' arithmetic, their page, and each row, small: both sides do their work."""

import io
import itertools
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
    features,
    head,
    orchestration,
    page,
    pipeline,
    preprocess,
    scratch,
    step,
    training_input,
    tutorial,
    workspace,
)
from benchmarks.__main__ import ROWS, find_rows, measure
from benchmarks.harness import NotMeasured, Row, Timing, in_turn, without_start
from convline.records.features import load_features
from convline.runtime import paths
from convline.runtime.errors import UserError
from tests.image_archives import pack

ROOT = Path(__file__).parents[2]
IMAGES = 40
TRAIN, VALIDATION, TEST = 26, 6, 8
ENTRY = {
    "what": "reading",
    "against": "writing",
    "goal": 3,
    "unit": "images",
    "items": 1200,
    "ours_seconds": [1.0, 2.0, 1.0],
    "theirs_seconds": [4.0, 4.0, 1.0],
    "ratio": 2.0,
    "spread": [1.0, 4.0],
    "note": "as it was",
    "machine": "2 cores of a test",
}


def test_the_sides_take_turns_after_one_untimed_round_of_each():
    order, times = [], itertools.count()
    ours, theirs = (lambda side=side: order.append(side) or 7 for side in "AB")
    timing = in_turn(ours, theirs, 3, clock=lambda: next(times) ** 2)
    assert "".join(order) == "ABABABAB"
    # Two readings of the clock, 0 1 4 9 16 ..., around each of the six timed turns.
    assert timing == Timing(7, [1, 9, 17], [5, 13, 21])
    order.clear()
    in_turn(ours, theirs, 1, warm_up=False)
    assert "".join(order) == "AB"


def test_sides_that_did_not_do_the_same_are_not_compared():
    with pytest.raises(ValueError, match=r"different amounts: \[6, 7\]"):
        in_turn(lambda: 6, lambda: 7, 1)


def test_the_ratio_is_the_median_of_the_rounds():
    timing = Timing(120, [1, 2, 4], [6, 4, 100])
    assert timing.ratios == [6, 2, 25]
    assert timing.ratio == 6
    assert timing.rates == (60, 20)


def test_what_starting_takes_is_taken_off():
    start = Timing(0, [1.0], [2.0])
    said = without_start(Timing(100, [2.0, 2.0], [7.0, 7.0]), start)
    assert said == "without process start 100 against 20, 5.00 times"


def test_a_line_has_speeds_the_ratio_its_spread_and_the_goal():
    cells = (
        "| `x` | reading | writing | 1,200 images/s | 300 images/s | 2.00 (1.00 to 4.00) | 3 | no |"
    )
    assert cells in page.tables({"x": ENTRY}, ["x"])
    assert page.cells("x", ENTRY | {"goal": 2})[-1] == "yes"
    assert page.cells("x", ENTRY | {"unit": None})[3:5] == ["1.0 s", "4.0 s"]
    once = {"ours_seconds": [100.0], "theirs_seconds": [200.0]}
    assert page.cells("x", ENTRY | once)[3:6] == ["12 images/s", "6 images/s", "2.00"]
    assert page.summary(ENTRY) == "  1,200 images/s against 300 images/s, 2.00 times. as it was"


def test_machines_have_tables_of_their_own_and_rows_their_notes():
    text = page.tables({"x": ENTRY, "y": ENTRY | {"machine": "another"}}, ["x", "y", "z"])
    assert text.index("On 2 cores of a test:") < text.index("`x`: as it was.")
    assert text.index("`x`: as it was.") < text.index("On another:") < text.index("`y`: as it was.")
    assert text.endswith("Not run: `z`.\n")


def test_a_row_without_its_peer_says_so(docs, monkeypatch):
    def no_peer():
        raise NotMeasured("install it")

    monkeypatch.setattr("benchmarks.__main__.machine", lambda: "a test")
    row = Row("x", "reading", "writing", "images", 3, no_peer)
    page.keep(row, measure(row))
    page.write_page(["x"])
    text = page.PAGE.read_text()
    assert "| `x` | reading | writing |  |  | not measured | 3 |  |" in text
    assert "- `x`: not measured: install it." in text


def test_one_row_is_renewed_and_the_words_around_the_table_stay(docs, monkeypatch):
    monkeypatch.setattr("benchmarks.__main__.machine", lambda: "a test")
    page.RESULTS.write_text(json.dumps({"x": ENTRY, "y": ENTRY}))
    row = Row("x", "reading", "others", "images", 3, lambda: (Timing(10, [1.0], [2.0]), "new"))
    page.keep(row, measure(row))
    assert page.read_results()["y"] == ENTRY
    new = page.read_results()["x"]
    assert (new["theirs_seconds"], new["ratio"], new["spread"]) == ([2.0], 2, [2, 2])
    before, _, after = page.PAGE.read_text().partition(page.END)
    page.write_page(["x", "y"])
    page.write_page(["x", "y"])
    text = page.PAGE.read_text()
    assert text.startswith(before.partition(page.BEGIN)[0])
    assert text.endswith(after)
    assert text.count("| `x` | reading | others |") == 1


def test_the_committed_page_is_that_of_the_committed_figures(docs):
    shutil.copy(ROOT / page.RESULTS, page.RESULTS)
    assert set(page.read_results()) <= set(ROWS)
    page.write_page(list(ROWS))
    assert page.PAGE.read_text() == (ROOT / page.PAGE).read_text()


def test_missing_images_end_in_what_to_set(monkeypatch):
    monkeypatch.delenv("TEST_DATA_DIR", raising=False)
    monkeypatch.delenv("BENCH_IMAGES", raising=False)
    with pytest.raises(UserError, match="set BENCH_IMAGES to the archive"):
        workspace.archive()
    monkeypatch.setenv("BENCH_IMAGES", "no.zip")
    with pytest.raises(UserError, match=r"BENCH_IMAGES is no\.zip, where there is no file"):
        workspace.archive()


def test_an_unknown_row_is_named():
    assert [row.name for row in find_rows(["head", "step"])] == ["head", "step"]
    with pytest.raises(UserError, match="no row 'hed', did you mean 'head'"):
        find_rows(["step", "hed"])


def test_a_command_that_fails_shows_what_it_wrote(monkeypatch):
    with pytest.raises(UserError, match=r"(?s)`.*import nothing_of_this_name` failed:.*No module"):
        workspace.command(sys.executable, "-c", "import nothing_of_this_name")


@pytest.mark.parametrize(
    ("side", "low", "high"),
    [("convline", 100, 255), ("image_data_generator", 0.3, 1), ("keras_layers", 100, 255)],
)
def test_each_input_gives_all_training_images_in_each_epoch(small, side, low, high):
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
        timing, _ = row.measure()
        assert timing.items == TRAIN
        assert len(timing.ours) == len(timing.theirs) == 1


def test_torchvision_runs_in_an_interpreter_of_its_own(small, monkeypatch):
    monkeypatch.delenv("TORCH_PYTHON", raising=False)
    with pytest.raises(NotMeasured, match="TORCH_PYTHON"):
        training_input.against_torchvision()
    interpreter = Path("python")
    answers = f"echo ready; while read x; do echo {TRAIN}; done"
    interpreter.write_text(f'#!/bin/sh\necho "$@" > arguments\n{answers}\n')
    interpreter.chmod(0o755)
    monkeypatch.setenv("TORCH_PYTHON", str(interpreter.resolve()))
    timing, _ = training_input.against_torchvision()
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


def test_preprocess_row(small):
    timing, said = preprocess.against_decoding()
    assert timing.items == IMAGES
    assert decode.decode_all(paths.ORGANIZED, (32, 32)) == IMAGES
    assert said.startswith("without process start ")


def test_features_row(small):
    timing, said = features.against_tutorial()
    assert timing.items == IMAGES
    assert said.endswith("; VGG16 had random weights")
    for split, images in (("train", TRAIN), ("validation", VALIDATION), ("test", TEST)):
        ours = load_features(split)
        theirs = np.load(f"features_{split}.npy")
        assert ours.features.shape == theirs.shape == (images, 1, 1, 512)
        assert sorted(ours.labels) == sorted(np.load(f"labels_{split}.npy"))


def test_scratch_row(small):
    timing, _ = scratch.against_tutorial()
    assert timing.items == TRAIN
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
    timing, _ = head.against_tutorial()
    assert timing.items == 60


def test_the_tutorial_as_one_script_judges_both_models(small, capsys):
    workspace.set_params()
    Path("clone").mkdir()
    shutil.copy("params.yaml", "clone")
    Path("script").mkdir()
    assert pipeline.tutorial() == IMAGES
    made = {path.name for path in Path("script").iterdir()}
    assert {"tutorial_cnn.keras", "tutorial_head.keras", "features_test.npy"} <= made
    losses = [json.loads(x) for x in capsys.readouterr().out.splitlines() if x.startswith("[")]
    assert [len(x) for x in losses] == [2, 2]


def test_stages_without_work_import_their_modules_and_write_their_outputs(tmp_path, monkeypatch):
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


@pytest.fixture
def docs(tmp_path, monkeypatch):
    """An empty folder with the page's words."""
    monkeypatch.chdir(tmp_path)
    page.PAGE.parent.mkdir()
    shutil.copy(ROOT / page.PAGE, page.PAGE)


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
    for part in (training_input, preprocess, features, scratch, head):
        monkeypatch.setattr(part, "ROUNDS", 1)
    for part in (scratch, head, pipeline):
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
