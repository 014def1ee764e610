"""The plots of dvc.yaml as SVG, from what DVC itself says of them: its templates, its data.

What `dvc plots show` opens needs the network for its drawing library; this needs none.
"""

import json
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

import vl_convert

from convline.runtime.dvc import run_dvc
from convline.runtime.errors import UserError

SVG = "http://www.w3.org/2000/svg"
# Of a confusion matrix: more classes leave a cell no room for its count; names that are longer, all
# together as long as the longest, stand on end along the bottom.
MOST_COUNTED = 12
MOST_LETTERS = 40
GREY = "#555"
# Of the fonts that vl-convert measures, the broadest: what is set in another one has room.
MEASURED = "DejaVu Sans"
SHOWN = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
LOOK = {
    # The page says in words what a plot shows; a name for each of a hundred cells says it worse.
    "aria": False,
    "background": "white",
    "padding": 8,
    "font": MEASURED,
    "view": {"stroke": None},
    "axis": {
        "labelFontSize": 11,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "titleColor": GREY,
        "labelColor": GREY,
        "gridColor": "#e8e8e8",
        "domainColor": "#bbb",
        "tickColor": "#bbb",
        "labelLimit": 160,
        "labelOverlap": "greedy",
        "labelSeparation": 6,
        "labelFlush": False,
    },
    "range": {"heatmap": ["#f5f8fc", "#5b8cc9", "#123f7c"]},
    "line": {"strokeWidth": 2},
    "header": {"labelFontSize": 12, "labelColor": "#222", "title": None},
    "legend": {
        "orient": "bottom",
        "columns": 3,
        "title": None,
        "labelFontSize": 12,
        "labelLimit": 280,
        "symbolSize": 100,
        "symbolStrokeWidth": 2.5,
        "offset": 10,
        # One below the other: that of the curves, that of the revisions.
        "layout": {"bottom": {"anchor": "start", "direction": "vertical", "margin": 4}},
    },
}
# The last revision is drawn solid, those that it is compared with are not.
DASHES = [[6, 4], [2, 3], [9, 3, 2, 3]]


@dataclass(frozen=True)
class Plot:
    """A plot of dvc.yaml.

    Attributes:
        name: what DVC calls it: its file, or the name that dvc.yaml gives it.
        title: in words.
        svg: an element to put into a page, without its title; no two plots share an id.
    """

    name: str
    title: str
    svg: str


def draw(*revisions: str) -> list[Plot]:
    """All plots of dvc.yaml but pictures, in its order.

    Args:
        revisions: none: of the workspace; one: of it and of the workspace, in one drawing each;
            more: of them.

    Raises:
        UserError: DVC shows none, and why.
    """
    plots: list[Plot] = []
    for name, drawings in _ask_dvc(revisions).items():
        for drawing in drawings:
            if drawing["type"] != "vega":
                continue
            shown = _in_order(drawing["revisions"], revisions) if revisions else []
            title, spec = _restyle(drawing["content"], shown)
            svg = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
            plots.append(Plot(name, title or name, _embeddable(svg, title or name, len(plots))))
    return plots


def _ask_dvc(revisions: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:
    """What DVC would draw, by name: of Vega plots the whole specification."""
    with TemporaryDirectory() as folder:  # for the pictures
        which = ["diff", *revisions] if revisions else ["show"]
        result = run_dvc("plots", *which, "--json", "--out", folder)
    if result.returncode:
        raise UserError(f"DVC shows no plots:\n{result.stderr.strip()}")
    return json.loads(result.stdout).get("data", {})


def _in_order(found: list[str], asked: tuple[str, ...]) -> list[str]:
    """The revisions of a drawing as they were asked for; the workspace last."""
    return sorted(found, key=lambda name: asked.index(name) if name in asked else len(asked))


def _restyle(spec: dict[str, Any], revisions: list[str]) -> tuple[str, dict[str, Any]]:
    """The title of a plot, and the plot without it, as on paper: nothing to hover, nothing to tick.

    Args:
        spec: of Vega-Lite, as DVC filled in its template.
        revisions: in the order in which to show them; none where the workspace is shown alone.
    """
    title = spec.pop("title", "")
    text = title.get("text", "") if isinstance(title, dict) else title
    classes = {str(row["actual"]) for row in _rows(spec) if "actual" in row}
    letters = len(classes) * max(map(len, classes), default=0)
    upright = {"labelAngle": 0} if letters <= MOST_LETTERS else {}
    spec["config"] = {**LOOK, "axisBand": upright}
    for param in spec.get("params", []):
        if param.get("name") == "showValues":
            param["value"] = len(classes) <= MOST_COUNTED
    if revisions:
        # Panels of counts stand in the order of the data, whatever their `sort` says.
        _rows(spec).sort(key=lambda row: revisions.index(row["rev"]))
    for row in _rows(spec):
        row["rev"] = row["rev"] if revisions else ""
    _tell_apart(spec, revisions)
    return text, spec


def _rows(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return spec.get("data", {}).get("values", [])


def _tell_apart(part: Any, revisions: list[str]) -> None:
    """Order the revisions wherever the plot has them; none is named where there are none."""
    if isinstance(part, list):
        for item in part:
            _tell_apart(item, revisions)
    elif isinstance(part, dict):
        for key, item in part.items():
            if isinstance(item, dict) and item.get("field") == "rev":
                item.update(_channel(key, revisions))
            _tell_apart(item, revisions)


def _channel(name: str, revisions: list[str]) -> dict[str, Any]:
    is_panel = name in {"facet", "row", "column"}
    if not revisions:
        return {"header": {"labels": False, "title": None}} if is_panel else {"legend": None}
    if is_panel:
        return {"sort": revisions}
    if name != "strokeDash" or len(revisions) > len(DASHES) + 1:
        return {"sort": revisions}
    dashes = [*DASHES[: len(revisions) - 1], [1, 0]]
    return {
        "sort": revisions,
        "scale": {"domain": revisions, "range": dashes},
        "legend": {"symbolType": "stroke", "symbolSize": 500},
    }


def _embeddable(svg: str, title: str, number: int) -> str:
    """The element with a name for who cannot see it, and ids that no other plot has."""
    ET.register_namespace("", SVG)
    root = ET.fromstring(svg)  # noqa: S314 -- drawn here
    _leave_out_the_invisible(root)
    prefix = f"plot-{number}-"
    for element in root.iter():
        for key, value in list(element.attrib.items()):
            if key == "id":
                element.set(key, prefix + value)
            elif value.startswith("url(#"):
                element.set(key, value.replace("url(#", f"url(#{prefix}", 1))
            elif key.endswith("href") and value.startswith("#"):
                element.set(key, f"#{prefix}{value[1:]}")
            elif key == "font-family" and value == MEASURED:
                del element.attrib[key]
    root.attrib |= {"role": "img", "aria-label": title, "font-family": SHOWN}
    return ET.tostring(root, encoding="unicode")


def _leave_out_the_invisible(element: ET.Element) -> None:
    """What shows under a mouse alone: of a matrix of 100 classes, two thirds of 3 MB."""
    for child in list(element):
        is_empty = child.tag == f"{{{SVG}}}text" and not child.text and not len(child)
        if child.get("opacity") == "0" or is_empty:
            element.remove(child)
        else:
            _leave_out_the_invisible(child)
