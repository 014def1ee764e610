"""Write the report, everything about the last run on one page, and the model card."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup
from PIL import Image
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from convline.evaluation.display_names import MODELS
from convline.labels.file_counts import describe_left_out
from convline.params.loading import load_params
from convline.params.schema import Params
from convline.reporting import model_facts, run_facts, score_tables
from convline.reporting.html import data_uri, render
from convline.reporting.model_card import write_card
from convline.reporting.svg_plots import Plot, draw
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.files import fresh_file

# The part of the page that shows the plots of a stage (default: test).
PARTS = {"train": "training", "train_head": "training", "evaluate": "test"}
SHOWN_STAGES = ("download", "organize", "train", "extract", "train_head", "evaluate")
# Titles and alternative texts of pictures by file name, in the order of the page; the title of any
# other picture is its file name.
OF_A_MODEL = {
    "mistakes": (
        "its most confident mistakes on the test split",
        "Test images that this model got wrong, each with its true and its predicted class",
    ),
    "grad_cam": (
        "the regions that support its prediction (Grad-CAM)",
        "Test images, right and wrong, with heat maps of what supports the predicted class",
    ),
    "edges": (
        "Sobel's edges and its first filters on the same image",
        "A test image, its horizontal and vertical edges, and the output of the first convolution",
    ),
    "filters": (
        "the kernels of its first convolution",
        "Small squares of weights, dark to bright",
    ),
    "feature_maps": (
        "the output of each convolution for one image",
        "Rows of feature maps, a row for each convolution",
    ),
}
PICTURES = {
    "samples": (
        "Training images, a row for each class",
        "Rows of training images, each row under the name of its class",
    ),
    "near_duplicates": (
        "The closest near duplicates, in pairs",
        "Pairs of images that look the same, each with its file name, its split and its class",
    ),
    "disagreements": (
        "Test images on which the models disagree",
        "Test images with different predictions, each with its true class and both predictions",
    ),
    **{
        f"{name}_{model}": (f"{label}: {title}", alt)
        for name, (title, alt) in OF_A_MODEL.items()
        for model, label in MODELS.items()
    },
}
ENDINGS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif"}
# Larger files are embedded as JPEG, a tenth of the size for photographs.
LARGE = 400_000  # bytes


@dataclass(frozen=True)
class Picture:
    """A picture that dvc.yaml names among the plots of a stage.

    Attributes:
        part: part of the page.
        title: title above the picture.
        alt: alternative text.
        file: its path.
        uri: its content; empty if the file is not on this machine.
        width: in pixels.
        height: in pixels.
    """

    part: str
    title: str
    alt: str
    file: str
    uri: str = ""
    width: int = 0
    height: int = 0


def write_page(file: Path) -> int:
    """Write the model card, and the report into `file`; return the size of the report in bytes.

    Raises:
        UserError: the pipeline has not run, or its files are not valid.
    """
    params = load_params()
    pipeline = read_pipeline()
    metrics = {stage: read_metrics(stage) for stage in pipeline["stages"]}
    scores = score_tables.facts(metrics["evaluate"], metrics["organize"]["organize"], params)
    write_card(metrics, params)
    context = {
        **scores,
        **model_facts.facts(metrics, params),
        **run_facts.facts(pipeline["stages"], metrics),
        "plots": by_part(draw(), pipeline),
        "pictures": pictures(pipeline, params),
        "pictures_off": not params.evaluate.pictures,
        "params_yaml": paths.PARAMS.read_text(encoding="utf-8"),
        "data": data_facts(metrics, params),
    }
    page = render("report.html", context)
    with fresh_file(file) as partial:
        partial.write_text(page, encoding="utf-8")
    return len(page.encode())


def read_metrics(stage: str) -> dict[str, Any]:
    """Read the metrics of one stage.

    Raises:
        UserError: the stage has not run.
    """
    file = paths.metrics(stage)
    try:
        metrics = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"there is no {file}; run `dvc repro`") from None
    except ValueError as error:
        raise UserError(f"{file} is not valid JSON: {error}; run `dvc repro`") from None
    if not isinstance(metrics, dict) or not metrics:
        raise UserError(f"{file} has no metrics; run `dvc repro`")
    return metrics


def read_pipeline() -> dict[str, Any]:
    """Read dvc.yaml.

    Raises:
        UserError: it is missing or not valid, or lacks a stage that the report shows.
    """
    try:
        pipeline = YAML(typ="safe", pure=True).load(paths.DVC_YAML.read_text(encoding="utf-8"))
    except FileNotFoundError:
        why = "run from the root of the repository"
        raise UserError(f"there is no {paths.DVC_YAML} here; {why}") from None
    except YAMLError as error:
        raise UserError(f"{paths.DVC_YAML} is not valid YAML:\n{error}") from None
    stages = pipeline.get("stages") if isinstance(pipeline, dict) else None
    missing = [name for name in SHOWN_STAGES if name not in (stages or {})]
    if missing:
        raise UserError(f"{paths.DVC_YAML} has no stage {', '.join(missing)}; the report needs it")
    return pipeline


def by_part(plots: list[Plot], pipeline: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the plots of each part of the page."""
    stages = {file: stage for stage, file in plot_files(pipeline)}
    parts: dict[str, list[dict[str, Any]]] = {"test": [], "training": [], "data": []}
    for plot in plots:
        part = PARTS.get(stages[plot.name], "data") if plot.name in stages else "test"
        # vl-convert wrote it and svg_plots.py parsed it: names in it are escaped.
        parts[part].append({"title": plot.title, "svg": Markup(plot.svg)})  # noqa: S704
    return parts


def pictures(pipeline: dict[str, Any], params: Params) -> dict[str, list[Picture]]:
    """Return the pictures of each part of the page; none of evaluate if it draws none."""
    parts: dict[str, list[Picture]] = {"test": [], "training": [], "data": []}
    for stage, name in plot_files(pipeline):
        if stage == "evaluate" and not params.evaluate.pictures:
            continue
        part = PARTS.get(stage, "data")
        parts[part] += [picture(file, part) for file in picture_files(Path(name))]
    return parts


def picture_files(path: Path) -> list[Path]:
    """Return the pictures of a plot of dvc.yaml: a file, or those in a folder, in page order.

    A folder that is not on this machine is returned itself. Data of plots are not pictures.
    """
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in ENDINGS)
        order = list(PICTURES)
        return sorted(files, key=lambda x: order.index(x.stem) if x.stem in order else len(order))
    return [path] if path.suffix.lower() in {*ENDINGS, ""} else []


def plot_files(pipeline: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the stage and the file of each plot of dvc.yaml that a stage writes."""
    return [
        (name, file)
        for name, stage in pipeline["stages"].items()
        for plot in stage.get("plots", [])
        for file in ([plot] if isinstance(plot, str) else plot)
    ]


def picture(file: Path, part: str) -> Picture:
    """Read a picture; its content is empty if the file is not on this machine."""
    words = file.stem.replace("_", " ").capitalize()
    title, alt = PICTURES.get(file.stem, (words, words))
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return Picture(part, title, alt, str(file))
    kind = ENDINGS[file.suffix.lower()]
    with Image.open(io.BytesIO(data)) as image:
        width, height = image.size
        if len(data) > LARGE:
            stream = io.BytesIO()
            image.convert("RGB").save(stream, "JPEG", quality=88, optimize=True)
            kind, data = "jpeg", min(data, stream.getvalue(), key=len)
    return Picture(part, title, alt, str(file), data_uri(data, kind), width, height)


def data_facts(metrics: dict[str, Any], params: Params) -> dict[str, Any]:
    """Return the source, number and sizes of the images."""
    source, organized = metrics["download"]["download"], metrics["organize"]["organize"]
    (least_height, least_width), (most_height, most_width) = organized["sizes"].values()
    least = model_facts.pixels(least_height, least_width)
    most = model_facts.pixels(most_height, most_width)
    return {
        "name": source["data_set"],
        "version": source["version"],
        "licence": source["licence"],
        "archive": source["file"],
        "bytes": source["bytes"],
        "sha256": source["sha256"],
        "images": organized["images"],
        "splits": {split: organized[split] for split in paths.SPLITS},
        "classes": organized["per_class"],
        "sizes": least if least == most else f"{least} to {most}",
        "input": model_facts.image(params),
        "left_out": list(describe_left_out(organized["left_out"])),
        "notes": organized["notes"],
        "contradictory": len(organized["contradictory"]),
    }
