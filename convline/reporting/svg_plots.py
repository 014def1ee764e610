"""Draw the plots of dvc.yaml as SVG, from the templates and data that DVC returns.

The page of `dvc plots show` loads its drawing library from the network; these need no network.
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
# In a confusion matrix of more classes, a cell has no room for its count. Class names with more
# letters (number of classes times the longest name) are written vertically along the bottom.
MOST_COUNTED = 12
MOST_LETTERS = 40
GREY = "#555"
# The widest font that vl-convert measures, so that text in any other font fits.
MEASURED = "DejaVu Sans"
SHOWN = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
LOOK = {
    # The plot as a whole has a name; one for each of a hundred cells would hide it.
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
        # The legend of the curves above that of the revisions.
        "layout": {"bottom": {"anchor": "start", "direction": "vertical", "margin": 4}},
    },
}
# The last revision is drawn solid, earlier ones dashed.
DASHES = [[6, 4], [2, 3], [9, 3, 2, 3]]


@dataclass(frozen=True)
class Plot:
    """A plot of dvc.yaml.

    Attributes:
        name: its name in DVC: its file, or its name in dvc.yaml.
        title: its title.
        svg: the element for a page, without the title; no two plots share an id.
    """

    name: str
    title: str
    svg: str


def draw(*revisions: str) -> list[Plot]:
    """Draw all plots of dvc.yaml except pictures, in its order.

    Args:
        revisions: none: the workspace; one: that revision and the workspace, in the same plots;
            more: those revisions.

    Raises:
        UserError: DVC fails; the message has its reason.
    """
    plots: list[Plot] = []
    for name, drawings in _dvc_plots(revisions).items():
        for drawing in drawings:
            if drawing["type"] != "vega":
                continue
            shown = _in_order(drawing["revisions"], revisions) if revisions else []
            title, spec = _restyle(drawing["content"], shown)
            svg = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
            plots.append(Plot(name, title or name, _embeddable(svg, title or name, len(plots))))
    return plots


def _dvc_plots(revisions: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:
    """Return what DVC would draw, by name; for Vega plots the whole specification."""
    with TemporaryDirectory() as folder:  # for the pictures
        which = ["diff", *revisions] if revisions else ["show"]
        result = run_dvc("plots", *which, "--json", "--out", folder)
    if result.returncode:
        raise UserError(f"DVC shows no plots:\n{result.stderr.strip()}")
    return json.loads(result.stdout).get("data", {})


def _in_order(found: list[str], asked: tuple[str, ...]) -> list[str]:
    """Return the revisions of a plot in the requested order, the workspace last."""
    return sorted(found, key=lambda name: asked.index(name) if name in asked else len(asked))


def _restyle(spec: dict[str, Any], revisions: list[str]) -> tuple[str, dict[str, Any]]:
    """Return the title of a plot and the plot without it, for a static page.

    Args:
        spec: the Vega-Lite specification that DVC made from its template.
        revisions: in display order; empty if only the workspace is shown.
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
        # Panels of counts follow the order of the data and ignore `sort`.
        _rows(spec).sort(key=lambda row: revisions.index(row["rev"]))
    for row in _rows(spec):
        row["rev"] = row["rev"] if revisions else ""
    _order_revisions(spec, revisions)
    return text, spec


def _rows(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return spec.get("data", {}).get("values", [])


def _order_revisions(part: Any, revisions: list[str]) -> None:
    """Order the revisions in all encodings of the plot, or hide their names if there are none."""
    if isinstance(part, list):
        for item in part:
            _order_revisions(item, revisions)
    elif isinstance(part, dict):
        for key, item in part.items():
            if isinstance(item, dict) and item.get("field") == "rev":
                item.update(_channel(key, revisions))
            _order_revisions(item, revisions)


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
    """Return the element with a name for screen readers and with ids that no other plot has."""
    ET.register_namespace("", SVG)
    root = ET.fromstring(svg)  # noqa: S314 -- drawn here
    _remove_invisible(root)
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


def _remove_invisible(element: ET.Element) -> None:
    """Remove elements shown only on hover: two thirds of 3 MB for a matrix of 100 classes."""
    for child in list(element):
        is_empty = child.tag == f"{{{SVG}}}text" and not child.text and not len(child)
        if child.get("opacity") == "0" or is_empty:
            element.remove(child)
        else:
            _remove_invisible(child)
