"""`convline report`: a page that holds all it shows, in a real browser, too."""

import base64
import io
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from ruamel.yaml import YAML

from convline.cli import report
from convline.cli.report import PAGE
from convline.reporting import report_page
from convline.reporting.run_facts import duration, stale_stages
from convline.reporting.score_tables import interval, number, signed
from convline.reporting.svg_plots import draw
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.files import write_json
from tests.browser import CHROMIUM, Browser
from tests.commands import REPOSITORY, call, convline, environment

EVIL = ("<script>document.title='bad'</script>", "\"><img src=x onerror=alert('&')>")
DASH = "\N{EN DASH}"
MODELS = ("scratch", "transfer")
SPLIT_SIZES = {"train": 60, "validation": 12, "test": 10}
SCORES = {
    "accuracy": 0.9,
    "balanced_accuracy": 0.875,
    "precision": 0.8,
    "recall": 0.75,
    "f1": 0.77,
    "roc_auc": None,
    "average_precision": 0.7,
    "loss": 0.25,
    "brier_score_loss": 0.1,
    "expected_calibration_error": 0.05,
    "a_new_score": 0.4242,
}
SCREENING = {
    "threshold": 0.3125,
    "validation_sensitivity": 1.0,
    "sensitivity": 0.95,
    "specificity": 0.5,
    "precision": None,
}
COMPARISON = {
    "difference": -0.1,
    "low": -0.25,
    "high": 0.05,
    "mcnemar_p": 0.625,
    "permutation_p": None,
    "both_right": 7,
    "only_scratch_right": 2,
    "only_transfer_right": 1,
    "both_wrong": 0,
    "disagree": 3,
}


@pytest.fixture(scope="module")
def evil(tmp_path_factory):
    """A repository whose two classes have names that would like to be markup."""
    folder = tmp_path_factory.mktemp("evil")
    write_run(folder, EVIL)
    return folder


@pytest.fixture(scope="module")
def page(evil):
    """The page about it, and what the command printed."""
    result = python_here(evil)
    assert result.returncode == 0, result.stderr
    return (evil / PAGE).read_text(encoding="utf-8"), result


def test_it_prints_where_the_page_is(page):
    text, result = page
    size = f"{len(text.encode()) / 1e6:.1f} MB"
    assert result.stdout == f"report/index.html ({size}): open it in a browser\n"
    assert result.stderr == ""


def test_the_page_holds_all_it_shows_and_runs_nothing(page):
    seen = parse(page[0])
    assert "script" not in seen.tags
    addresses = [x for x in seen.addresses if not x.startswith(("#", "data:"))]
    assert addresses == []
    assert "default-src 'none'" in page[0]
    assert not [name for name in seen.attributes if name.startswith("on")]


def test_names_of_classes_are_text(page):
    seen = parse(page[0])
    for name in EVIL:
        assert name in seen.text
        assert name not in page[0]


def test_scores_stand_with_their_intervals(page):
    text = words(page[0])
    assert "Accuracy 0.9000 0.80 to 0.96" in text
    assert "A new score 0.4242" in text
    assert "Accuracy 1.0000 0.9500 0.9000 +0.1000" in text


def test_what_is_undefined_is_a_dash_with_a_reason(page):
    assert f"ROC AUC {DASH} {DASH}" in words(page[0])
    assert f'title="undefined on these images">{DASH}<' in page[0]


def test_the_verdict_comes_first_then_its_statistics(page):
    text = words(page[0])
    verdict = "Too close to call: the scratch CNN 90.0\N{NO-BREAK SPACE}%, the transfer"
    assert verdict.replace("\N{NO-BREAK SPACE}", " ") in text[:200]
    assert "not statistically significant (McNemar's exact test, p = 0.625" in text[:600]
    assert "\N{MINUS SIGN}0.100, 95 % interval \N{MINUS SIGN}0.250 to +0.050" in text
    assert "p = 0.625" in text
    assert "Scratch CNN right 7 2 Scratch CNN wrong 1 0" in text


def test_the_threshold_of_two_classes(page):
    text = words(page[0])
    assert "Threshold, chosen on validation 0.3125" in text
    assert "Sensitivity on test 0.9500 0.80 to 0.96" in text
    assert f"Precision on test {DASH} {DASH}" in text


def test_all_plots_of_dvc_yaml_are_drawn(page):
    stages = YAML(typ="safe").load(REPOSITORY / "dvc.yaml")["stages"]
    plots = [x for stage in stages.values() for x in stage.get("plots", [])]
    drawn = [next(iter(x.values()))["title"] for x in plots if not isinstance(x, str)]
    seen = parse(page[0])
    assert sorted(seen.svg_names) == sorted(drawn)
    assert len(seen.ids) == len(set(seen.ids))


def test_pictures_are_inside_with_what_they_show(page):
    seen = parse(page[0])
    assert {image["alt"] for image in seen.images} > {"Odd picture"}
    for image in seen.images:
        kind, data = re.fullmatch(r"data:image/(\w+);base64,(.*)", image["src"]).groups()
        with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
            assert picture.format.lower() == kind
            assert picture.size == (int(image["width"]), int(image["height"]))
    assert "metrics/organize/samples.png is not on this machine" in words(page[0])


def test_pictures_of_a_folder_come_in_the_order_of_the_page(tmp_path):
    folder = tmp_path / "pictures"
    assert report_page.picture_files(folder) == [folder]
    folder.mkdir()
    for name in ("a_new_one.png", "disagreements.png", "mistakes_scratch.png", "notes.txt"):
        (folder / name).touch()
    names = [file.name for file in report_page.picture_files(folder)]
    assert names == ["disagreements.png", "mistakes_scratch.png", "a_new_one.png"]
    assert report_page.picture_files(Path("metrics/evaluate/roc.csv")) == []


def test_a_large_picture_is_sent_on_smaller(tmp_path):
    file = tmp_path / "large.png"
    Image.effect_noise((900, 900), 60).convert("RGB").save(file)
    assert file.stat().st_size > report_page.LARGE
    picture = report_page.picture(file, "data")
    assert picture.uri.startswith("data:image/jpeg;")
    assert len(picture.uri) < file.stat().st_size


def test_the_run_is_described(page, evil):
    text = words(page[0])
    digest = git(evil, "rev-parse", "HEAD")
    assert f"{digest} on trunk" in text
    assert "Working tree clean" in text
    assert f"git checkout {digest} make repro" in text
    for name in ("Python 3.", "TensorFlow 2.", "Keras 3.", "NumPy", "scikit-learn", "DVC 3."):
        assert name in text
    assert "Train the scratch CNN not run on this machine" in text
    assert "data.zip, 1,234 bytes" in text
    assert str(evil) not in page[0]


def test_the_model_card_states_facts_of_the_run(page, evil):
    card = (evil / "models/README.md").read_text()
    assert card.startswith("# Image classifiers: odd\n\nToo close to call: the scratch CNN 90.0 %")
    assert "Use `classifier.keras`: Scratch CNN, with all preprocessing." in card
    assert "| scratch.keras | Scratch CNN | 12,345 | 8x8x1 |" in card
    assert "| head.keras | Transfer model | 12,345 | 512 features |" in card
    assert "- Licence: unknown; ask the owner before you share it" in card
    assert "| all | 120 | 24 | 20 |" in card
    assert "| Accuracy | 0.9000 (0.80 to 0.96) | 0.9000 (0.80 to 0.96) |" in card
    assert f"average precision refer to the class `{EVIL[1]}`." in card
    assert "probabilities are off by 0.9000 on average" in card
    # No class name is markup.
    assert "\\<script\\>" in card


def test_the_model_card_is_the_same_for_the_same_run(evil, page):
    card = evil / "models/README.md"
    before = card.read_bytes()
    card.unlink()
    assert python_here(evil).returncode == 0
    assert card.read_bytes() == before


def test_params_stand_as_they_are(page, evil):
    parsed = parse(page[0]).text
    assert (evil / "params.yaml").read_text().strip() in parsed


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_shows_it_without_a_network_at_any_width(page, evil, tmp_path, width):
    address = (evil / PAGE).as_uri()
    with Browser(tmp_path) as browser:
        browser.open(address, width)
        assert browser.value("innerWidth") == width
        assert browser.value("document.scrollingElement.scrollWidth") <= width
        assert browser.value("document.title") != "bad"
        images = "[...document.images]"
        assert browser.value(f"{images}.length") == 4
        assert browser.value(f"{images}.every(x => x.complete && x.naturalWidth > 0)")
        svgs = "[...document.querySelectorAll('svg')]"
        assert browser.value(f"{svgs}.every(x => x.getBoundingClientRect().width > 200)")
        resources = "performance.getEntriesByType('resource').map(x => x.name)"
        assert [x for x in browser.value(resources) if not x.startswith("data:")] == []
        targets = "[...document.querySelectorAll('a[href]')].map(x => x.getAttribute('href'))"
        for target in browser.value(targets):
            assert browser.value(f"document.querySelector('{target}') !== null"), target
        assert browser.requests == [address]
        assert browser.complaints == []


def test_many_classes_are_folded(tmp_path):
    names = [f"a class with quite a long name, the {n:03}th" for n in range(30)]
    write_run(tmp_path, names)
    result = python_here(tmp_path)
    assert result.returncode == 0, result.stderr
    text = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert "<details open>" not in text
    assert 'href="#threshold"' not in text
    assert "means over the classes" in text
    if CHROMIUM:
        with Browser(tmp_path / "profile") as browser:
            browser.open((tmp_path / PAGE).as_uri(), 390)
            browser.value("document.querySelectorAll('details').forEach(x => x.open = true)")
            assert browser.value("innerWidth") == 390
            assert browser.value("document.scrollingElement.scrollWidth") <= 390


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("metrics/evaluate.json", "there is no metrics/evaluate.json; run `dvc repro`"),
        ("metrics/evaluate/scores.csv", "there is no metrics/evaluate/scores.csv; run `dvc repro`"),
        ("params.yaml", "params.yaml not found; run from the root of the repository"),
        ("dvc.yaml", "there is no dvc.yaml here; run from the root of the repository"),
    ],
)
def test_a_missing_file_is_one_message(tmp_path, monkeypatch, missing, message):
    write_run(tmp_path, EVIL, commit=False)
    (tmp_path / missing).unlink()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=re.escape(message)):
        call(report.main)
    assert not PAGE.exists()


def test_metrics_of_another_version_are_one_message(tmp_path, monkeypatch):
    write_run(tmp_path, EVIL, commit=False)
    monkeypatch.chdir(tmp_path)
    write_json(paths.metrics("evaluate"), {"examples": 10, "scratch": {}, "transfer": {}})
    with pytest.raises(UserError, match=r"evaluate.json has no comparison.*run `dvc repro`"):
        call(report.main)


def test_a_page_that_cannot_be_checked_is_marked(tmp_path):
    write_run(tmp_path, EVIL)
    (tmp_path / "dvc.lock").write_text("<<<<<<< ours\n")
    assert python_here(tmp_path).returncode == 0
    text = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert "<strong>Not checked.</strong>" in text
    assert "Out of date" not in text


@pytest.mark.parametrize("name", ["dvc.yaml", "metrics/evaluate/scores.csv"])
def test_a_merge_that_went_wrong_is_one_message(tmp_path, monkeypatch, name):
    write_run(tmp_path, EVIL, commit=False)
    (tmp_path / name).write_text("<<<<<<< ours\n" + (tmp_path / name).read_text())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=re.escape(name)):
        call(report.main)


def test_plots_of_two_commits_are_drawn_together(evil, tmp_path, monkeypatch):
    folder = tmp_path / "copy"
    shutil.copytree(evil, folder)
    monkeypatch.chdir(folder)
    write_curves(folder, "train", epochs=9)
    git(folder, "commit", "-qam", "longer")
    write_curves(folder, "train", epochs=5)
    (before_and_after,) = [x for x in draw("HEAD~1", "HEAD") if x.title == "Scratch CNN, loss"]
    texts = svg_texts(before_and_after.svg)
    assert texts[-4:] == ["train", "validation", "HEAD~1", "HEAD"]
    # The commit before is dashed, in its legend as in the plot.
    assert before_and_after.svg.count('stroke-dasharray="6,4"') == 3
    (overlaid,) = [x for x in draw("HEAD~1") if x.title == "Scratch CNN, loss"]
    assert svg_texts(overlaid.svg)[-2:] == ["HEAD~1", "workspace"]
    (confusion,) = [x for x in draw("HEAD~1", "HEAD") if "confusion_scratch" in x.name]
    texts = svg_texts(confusion.svg)
    assert texts.index("HEAD~1") < texts.index("HEAD")
    (alone,) = [x for x in draw() if x.title == "Scratch CNN, loss"]
    assert "workspace" not in svg_texts(alone.svg)


def test_an_unknown_revision_is_one_message(evil, monkeypatch):
    monkeypatch.chdir(evil)
    with pytest.raises(UserError, match="DVC shows no plots"):
        draw("no-such-revision")


def test_stages_that_changed_since_are_named_and_missing_outputs_are_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pipeline = {"a": {"cmd": "cp in out", "deps": ["in"], "outs": ["out"]}}
    Path("dvc.yaml").write_text(json.dumps({"stages": pipeline}))
    Path("in").write_text("1")
    for command in (["init", "-q", "--no-scm"], ["repro", "-q"]):
        subprocess.run(["dvc", *command], check=True, env=environment(), capture_output=True)
    assert stale_stages() == []
    Path("out").unlink()
    assert stale_stages() == []
    Path("in").write_text("2")
    assert stale_stages() == ["a"]


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.977, 0.9999, "0.98 to 1.00"),
        (0.9912, 0.9964, "0.991 to 0.996"),
        (0.99971, 1, "0.9997 to 1.0000"),
        (0.2, 0.9, "0.20 to 0.90"),
        (0.0021, 0.0284, "0.002 to 0.028"),
        (1, 1, "1.0000 to 1.0000"),
        (float("nan"), float("nan"), ""),
    ],
)
def test_an_interval_has_as_many_digits_as_are_significant(low, high, text):
    assert interval(low, high) == text


def test_numbers_have_sensible_digits():
    assert [number(x) for x in (0.99256, 1, 0, None, float("nan"), 0.000012)] == [
        "0.9926", "1.0000", "0.0000", "", "", "1.2e-05",
    ]  # fmt: skip
    minus = "\N{MINUS SIGN}"
    assert [signed(x, 3) for x in (-0.0297, 0.01, 0.0001, -0.0001)] == [
        f"{minus}0.030", "+0.010", "0.000", "0.000",
    ]  # fmt: skip
    assert [duration(x) for x in (3.21, 65, 3720)] == ["3.2 s", "1 min 05 s", "1 h 02 min"]


class Seen(HTMLParser):
    """What a page holds."""

    def __init__(self) -> None:
        super().__init__()
        self.tags, self.ids, self.attributes, self.addresses = set(), [], set(), []
        self.images, self.svg_names, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.add(tag)
        self.attributes.update(found)
        self.ids += [found["id"]] if "id" in found else []
        self.addresses += [v for k, v in attrs if k in {"href", "src", "srcset", "action"}]
        if tag == "img":
            self.images.append(found)
        if tag == "svg":
            self.svg_names.append(found["aria-label"])

    def handle_data(self, data):
        self.text += data


def parse(page):
    seen = Seen()
    seen.feed(page)
    return seen


def words(page):
    """The text of a page, its words separated by one space each."""
    body = page[page.index("<body>") :]
    return " ".join(parse(re.sub(r"(?<=>)(?=<)", " ", body)).text.split())


def svg_texts(svg):
    return [x.text for x in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text") if x.text]


def python_here(folder):
    return convline(folder, "report")


def git(folder, *arguments):
    result = subprocess.run(
        ["git", *arguments], cwd=folder, env=environment(), capture_output=True, check=True
    )
    return result.stdout.decode().strip()


def write_run(folder, classes, commit=True):
    """What a run of the pipeline leaves, with other figures and without its data and models."""
    shutil.copytree(REPOSITORY / ".dvc/plots", folder / ".dvc/plots")
    (folder / ".dvc/config").write_text("[core]\n    no_scm = false\n    analytics = false\n")
    (folder / ".dvc/.gitignore").write_text("/tmp\n/cache\n/config.local\n")
    (folder / ".gitignore").write_text("/report/\n/models/\n")
    pipeline = YAML(typ="safe").load(REPOSITORY / "dvc.yaml")
    pipeline["stages"]["organize"]["plots"].append("metrics/organize/odd_picture.png")
    with (folder / "dvc.yaml").open("w") as file:
        YAML(typ="safe").dump(pipeline, file)
    text = (REPOSITORY / "presets/default.yaml").read_text()
    # A name without a place to break it, as those of weights are.
    (folder / "params.yaml").write_text(text.replace("weights: hed", f"weights: {'w_' * 40}.h5", 1))
    metrics = folder / "metrics"
    write_metrics(metrics, classes)
    for stage in ("train", "train_head"):
        write_curves(folder, stage, epochs=4)
    for name in ("organize/odd_picture", "evaluate/pictures/disagreements", *(
        f"evaluate/pictures/mistakes_{model}" for model in MODELS
    )):  # fmt: skip
        Image.new("RGB", (700, 90), "teal").save(metrics / f"{name}.png")
    if commit:
        git(folder, "init", "-q", "-b", "trunk")
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", "start")


def write_metrics(metrics, classes):
    two = len(classes) == 2
    figures = {**SCORES, **({"screening": SCREENING} if two else {})}
    scores = {"scratch": figures, "transfer": figures, "comparison": COMPARISON, "examples": 10}
    write_json(metrics / "evaluate.json", {**scores, "classifier": "scratch"})
    source = {"data_set": "odd", "version": None, "licence": None, "file": "data.zip"}
    write_json(metrics / "download.json", {"download": {**source, "bytes": 1234, "sha256": "ab"}})
    organized = {
        "images": 82,
        "per_class": [{"class": name, **SPLIT_SIZES} for name in classes],
        "sizes": {"least": [8, 8], "most": [64, 48]},
        "bad_images": 1,
        "repeated": 2,
        "contradictory": [["a", "b"]],
        **SPLIT_SIZES,
    }
    write_json(metrics / "organize.json", {"organize": organized})
    write_json(metrics / "preprocess.json", {"preprocess": {}})
    write_json(metrics / "extract.json", {"extract": {"values": 512}})
    for stage in ("train", "train_head"):
        best = {"epoch": 3, "val_loss": 0.5}
        outcome = {"best": best, "parameters": 12345, "compute_dtype": "float32", "threads": 2}
        write_json(metrics / f"{stage}.json", {stage: outcome})
    write_plots(metrics, classes)


def write_plots(metrics, classes):
    folder = metrics / "evaluate"
    (folder / "pictures").mkdir(parents=True)
    (metrics / "organize").mkdir()
    balance = [(name, split, n) for name in classes for split, n in SPLIT_SIZES.items()]
    columns = ["class", "split", "images"]
    pd.DataFrame(balance, columns=columns).to_csv(
        metrics / "organize/class_balance.csv", index=False
    )
    for model in MODELS:
        pairs = {"actual": classes * 2, "predicted": [*classes, *classes[::-1]]}
        pd.DataFrame(pairs).to_csv(folder / f"confusion_{model}.csv", index=False)
    for name, x, y in (
        ("roc", "false_positive_rate", "true_positive_rate"),
        ("precision_recall", "recall", "precision"),
        ("reliability", "confidence", "accuracy"),
    ):
        both = [(p / 4, p / 4, m) for m in MODELS for p in range(5)]
        pd.DataFrame(both, columns=[x, y, "curve"]).to_csv(folder / f"{name}.csv", index=False)
    splits = {"train": 1.0, "validation": 0.95, "test": 0.9}
    names = [*SCORES, "screening.sensitivity"]
    rows = [
        (m, split, name, "", value, *((0.8, 0.96) if split == "test" else (None, None)))
        for m in MODELS
        for split, value in splits.items()
        for name in names
    ]
    rows += [(m, "test", "f1", c, 0.5, None, None) for m in MODELS for c in classes]
    columns = ["model", "split", "score", "class", "value", "low", "high"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "scores.csv", index=False)


def write_curves(folder, stage, epochs):
    for figure in ("loss", "accuracy"):
        rows = [
            {"epoch": epoch, "curve": curve, figure: 1 / (epoch + 1)}
            for curve in ("train", "validation")
            for epoch in range(1, epochs + 1)
        ]
        write_json(folder / f"metrics/{stage}/plots/custom/{figure}.json", rows)
