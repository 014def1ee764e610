"""Write docs/performance.json, one entry per row, and from it the table of docs/performance.md."""

import json
from pathlib import Path
from typing import Any

from benchmarks.harness import Row, Timing
from convline.runtime.files import fresh_file, write_json

RESULTS = Path("docs/performance.json")
PAGE = Path("docs/performance.md")
BEGIN = "<!-- written by `python -m benchmarks --page`, from performance.json -->"
END = "<!-- end -->"
HEADINGS = ["", "what", "against", "ours", "theirs", "ratio (spread)", "goal", "met"]


def keep(row: Row, outcome: dict[str, Any]) -> None:
    """Write the result of a row to docs/performance.json in place of an earlier one."""
    about = {"what": row.what, "against": row.against, "goal": row.goal}
    write_json(RESULTS, {**read_results(), row.name: {**about, **outcome}})


def seconds(timing: Timing, unit: str | None) -> dict[str, Any]:
    """Return the measured part of an entry of docs/performance.json."""
    return {
        "items": timing.items,
        "unit": unit,
        "ours_seconds": [round(x, 3) for x in timing.ours],
        "theirs_seconds": [round(x, 3) for x in timing.theirs],
        "ratio": round(timing.ratio, 3),
        "spread": [round(min(timing.ratios), 3), round(max(timing.ratios), 3)],
    }


def read_results() -> dict[str, Any]:
    """Return the entries by the names of their rows; empty without the file."""
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}


def write_page(names: list[str]) -> None:
    """Write the table into docs/performance.md and leave the text around it unchanged.

    Args:
        names: the rows in the order of the table.
    """
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    with fresh_file(PAGE) as partial:
        generated = f"{BEGIN}\n\n{tables(read_results(), names)}\n{END}"
        partial.write_text(f"{before}{generated}{after}", encoding="utf-8")


def tables(results: dict[str, Any], names: list[str]) -> str:
    """Return the Markdown between the markers: a table per machine and notes on its rows."""
    known = {name: results[name] for name in names if name in results}
    sections = []
    for machine in dict.fromkeys(entry["machine"] for entry in known.values()):
        own = {name: entry for name, entry in known.items() if entry["machine"] == machine}
        rows = [HEADINGS, ["---"] * len(HEADINGS), *(cells(*pair) for pair in own.items())]
        sections.append(f"On {machine}:\n")
        sections.append("".join(f"| {' | '.join(row)} |\n" for row in rows))
        if notes := [
            f"- `{name}`: {entry['note']}.\n" for name, entry in own.items() if entry["note"]
        ]:
            sections.append("".join(notes))
    if missing := [f"`{name}`" for name in names if name not in results]:
        sections.append(f"Not run: {', '.join(missing)}.\n")
    return "\n".join(sections)


def cells(name: str, entry: dict[str, Any]) -> list[str]:
    """Return one line of the table."""
    what, goal = [f"`{name}`", entry["what"], entry["against"]], f"{entry['goal']:g}"
    if "items" not in entry:
        return [*what, "", "", "not measured", goal, ""]
    ours, theirs = speeds(entry)
    ratio = f"{entry['ratio']:.2f}"
    if len(entry["ours_seconds"]) > 1:
        ratio += " ({:.2f} to {:.2f})".format(*entry["spread"])
    return [*what, ours, theirs, ratio, goal, "yes" if entry["ratio"] >= entry["goal"] else "no"]


def summary(entry: dict[str, Any]) -> str:
    """Return one line for the terminal."""
    if "items" not in entry:
        return f"  {entry['note']}"
    ours, theirs = speeds(entry)
    return f"  {ours} against {theirs}, {entry['ratio']:.2f} times. {entry['note']}"


def speeds(entry: dict[str, Any]) -> tuple[str, str]:
    """Return both speeds, as `1,940 images/s`, or for rows without unit both times, as `12 s`."""
    timing = Timing(entry["items"], entry["ours_seconds"], entry["theirs_seconds"])
    ours, theirs = (
        f"{_three_digits(rate)} {entry['unit']}/s"
        if entry["unit"]
        else f"{timing.items / rate:,.1f} s"
        for rate in timing.rates
    )
    return ours, theirs


def _three_digits(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
