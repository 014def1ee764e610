"""A made-up run of the pipeline, for tests of the report."""

import shutil
import subprocess

import pandas as pd
from PIL import Image
from ruamel.yaml import YAML

from convline.runtime.files import write_json
from tests.commands import REPOSITORY, environment

EVIL = ("<script>document.title='bad'</script>", "\"><img src=x onerror=alert('&')>")
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


def write_run(folder, classes, commit=True):
    """Write what a run leaves in Git, with other values, and some pictures."""
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
    scores = {**SCORES, **({"screening": SCREENING} if two else {})}
    evaluate = {"scratch": scores, "transfer": scores, "comparison": COMPARISON, "examples": 10}
    write_json(metrics / "evaluate.json", {**evaluate, "classifier": "scratch"})
    source = {"data_set": "odd", "version": None, "licence": None, "file": "data.zip"}
    write_json(metrics / "download.json", {"download": {**source, "bytes": 1234, "sha256": "ab"}})
    organized = {
        "images": 82,
        "per_class": [{"class": name, **SPLIT_SIZES} for name in classes],
        "sizes": {"least": [8, 8], "most": [64, 48]},
        "left_out": [
            {"reason": "repeated", "ending": ".png", "files": 2, "folders": {"x/<cat>": 2}}
        ],
        "notes": ["test is 'seg_test', by name"],
        "contradictory": [["a", "b"]],
        **SPLIT_SIZES,
    }
    write_json(metrics / "organize.json", {"organize": organized})
    write_json(metrics / "preprocess.json", {"preprocess": {}})
    write_json(metrics / "extract.json", {"extract": {"values": 512}})
    for stage in ("train", "train_head"):
        best = {"epoch": 3, "val_loss": 0.5}
        outcome = {"best": best, "parameters": 12345, "compute_dtype": "float32"}
        outcome |= {"processor": "A Processor", "threads": 2}
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
    for metric in ("loss", "accuracy"):
        rows = [
            {"epoch": epoch, "curve": curve, metric: 1 / (epoch + 1)}
            for curve in ("train", "validation")
            for epoch in range(1, epochs + 1)
        ]
        write_json(folder / f"metrics/{stage}/plots/custom/{metric}.json", rows)


def git(folder, *arguments):
    result = subprocess.run(
        ["git", *arguments], cwd=folder, env=environment(), capture_output=True, check=True
    )
    return result.stdout.decode().strip()
