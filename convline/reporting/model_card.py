"""Write `models/README.md`, the model card, from the files that a run leaves in Git.

After Mitchell et al. 2019, Model Cards for Model Reporting. It contains neither a time nor a
commit, so that the same run gives the same bytes.
"""

from typing import Any, cast

from convline.evaluation.display_names import MODELS, SCORES
from convline.evaluation.model_comparison import Comparison, describe
from convline.evaluation.positive_class import positive_name, warn_of_positive
from convline.params.schema import Params
from convline.reporting.markdown import code, table, text
from convline.reporting.model_facts import image_shape, kept_training
from convline.reporting.score_tables import Cell, Table, read_scores
from convline.runtime import paths
from convline.runtime.files import fresh_file

NO_INTERVAL = (
    "There is no interval where all resamples agree or too few define the score: no mistake among "
    "n images still allows an error rate of 3/n (Hanley and Lippman-Hand 1983)."
)
LIMITS = (
    "The intervals cover the choice of test images of this kind.",
    "They do not cover another training run, camera, place or time.",
    "An image that shows none of the classes is assigned to one of them all the same.",
)
MOST_NAMED = 10  # classes


def write_card(metrics: dict[str, Any], params: Params) -> None:
    """Write the model card.

    Args:
        metrics: content of metrics/<stage>.json by stage.
        params: params.yaml.

    Raises:
        UserError: the scores are missing.
    """
    source = metrics["download"]["download"]
    counts = metrics["organize"]["organize"]["per_class"]
    classes = [row["class"] for row in counts]
    scores = read_scores()
    comparison = cast("Comparison", metrics["evaluate"]["comparison"])
    use = params.evaluate.intended_use or _use(classes, source)
    sections = [
        f"# Image classifiers: {text(source['data_set'])}",
        describe(comparison),
        f"## Intended use\n\n{text(use)}",
        f"## Models\n\n{_models(metrics, params)}",
        f"## Data\n\n{_data(counts, source)}",
        f"## Scores on the test split\n\n{_scores(classes, scores, params)}",
        f"## Limits\n\n{_limits(scores)}",
    ]
    with fresh_file(paths.MODEL_CARD) as partial:
        partial.write_text("\n\n".join(sections) + "\n", encoding="utf-8")


def _use(classes: list[str], source: dict[str, Any]) -> str:
    shown = ", ".join(classes[:MOST_NAMED]) + ", ..." * (len(classes) > MOST_NAMED)
    return (
        f"Classification of images like those of {source['data_set']} into {len(classes)} classes "
        f"({shown}). Test the models on your own images before you rely on them."
    )


def _models(metrics: dict[str, Any], params: Params) -> str:
    chosen = metrics["evaluate"]["classifier"]
    head, fine_tuned = kept_training(metrics["train_head"]["train_head"])
    images = "x".join(map(str, image_shape(params)))
    features = f"{metrics['extract']['extract']['values']:,} features"
    rows = [
        (paths.SCRATCH_MODEL, "scratch", metrics["train"]["train"], images),
        (paths.HEAD_MODEL, "transfer", head, images if fine_tuned else features),
    ]
    parts = table(
        ["file", "model", "parameters", "input"],
        [[p.name, MODELS[m], f"{trained['parameters']:,}", i] for p, m, trained, i in rows],
    )
    return (
        f"Use `{paths.CLASSIFIER.name}`: {MODELS[chosen]}, with all preprocessing. It takes RGB "
        "images of any size, uint8, and returns the probability of each class, in the order "
        f"below. It is made from one of these models:\n\n{parts}\n\n"
        f"Images are resized to {images} (height, width, channels) for both."
    )


def _data(counts: list[dict[str, Any]], source: dict[str, Any]) -> str:
    version = source["version"] or "unknown"
    licence = source["licence"] or "unknown; ask the owner before you share it"
    facts = [
        f"- Source: {text(source['data_set'])}, version {text(version)}",
        f"- Licence: {text(licence)}",
        f"- Archive: `{source['file']}`, {source['bytes']:,} bytes, SHA-256 `{source['sha256']}`",
    ]
    rows = [
        [text(row["class"]), *(f"{row[split]:,}" for split in paths.SPLITS)]
        for row in [*counts, {"class": "all", **_total(counts)}]
    ]
    return "\n".join(facts) + "\n\n" + table(["class", *paths.SPLITS], rows)


def _total(counts: list[dict[str, Any]]) -> dict[str, int]:
    return {split: sum(row[split] for row in counts) for split in paths.SPLITS}


def _scores(classes: list[str], scores: Table, params: Params) -> str:
    positive = positive_name(classes, params.evaluate.positive_class)
    of = f"refer to the class {code(positive)}" if positive else "are means over the classes"
    header = list(MODELS.values())
    rows = [
        [title, *_cells(scores, name, "")]
        for name, title in SCORES.items()
        if any((model, "test", name, "") in scores for model in MODELS)
    ]
    recalls = [[text(label), *_cells(scores, "recall", label)] for label in classes]
    introduction = (
        "With 95 % bootstrap intervals. Precision, recall, F1, ROC AUC and average precision "
        f"{of}. {NO_INTERVAL}"
    )
    warning = warn_of_positive(classes, params.evaluate.positive_class)
    return "\n\n".join(
        [
            introduction,
            *([f"**{text(warning)}**"] if warning else []),
            table(["score", *header], rows),
            "Recall of each class, the share of its images that are found:",
            table(["class", *header], recalls),
        ]
    )


def _cells(scores: Table, name: str, label: str) -> list[str]:
    cells = [scores.get((model, "test", name, label), Cell()) for model in MODELS]
    return [
        (cell.value or "undefined") + (f" ({cell.interval})" if cell.interval else "")
        for cell in cells
    ]


def _limits(scores: Table) -> str:
    limits = [*LIMITS]
    for model, title in MODELS.items():
        train, test = (scores.get((model, split, "accuracy", ""), Cell()).value
                       for split in ("train", "test"))  # fmt: skip
        error = scores.get((model, "test", "expected_calibration_error", ""), Cell()).value
        limits.append(
            f"{title}: its probabilities are off by {error} on average (expected calibration "
            f"error). Its accuracy is {train} on the training images, {test} on the test split."
        )
    return "\n".join(f"- {limit}" for limit in limits)
