"""Write docs/performance.json, one entry per row, and from it the tables of docs/performance.md."""

import json
import statistics
from pathlib import Path
from typing import Any

from benchmarks.harness import Result, Row, Timing, median_seconds
from benchmarks.usage import Usage
from convline.runtime.files import fresh_file, write_json

RESULTS = Path("docs/performance.json")
PAGE = Path("docs/performance.md")
BEGIN = "<!-- written by `python -m benchmarks --page`, from performance.json -->"
END = "<!-- end -->"
HEADINGS = ["", "what", "against", "ours", "theirs", "ratio (spread)", "goal", "met"]
COSTS = ["", "processor seconds, ours and theirs", "memory", "limit of our side", "reached"]


def keep(row: Row, outcome: dict[str, Any]) -> None:
    """Write the result of a row to docs/performance.json in place of an earlier one."""
    about = {"what": row.what, "against": row.against, "goal": row.goal}
    write_json(RESULTS, {**read_results(), row.name: {**about, **outcome}})


def numbers(result: Result, unit: str | None) -> dict[str, Any]:
    """Return the measured part of an entry of docs/performance.json."""
    timing, limit, note = result
    return {
        "items": timing.items,
        "unit": unit,
        "ours": [rounded(usage) for usage in timing.ours],
        "theirs": [rounded(usage) for usage in timing.theirs],
        "limit": {"what": limit.what, "rate": round(limit.rate, 3)} if limit else None,
        "note": note,
    }


def rounded(usage: Usage) -> dict[str, float | None]:
    """Return what a side took in a round: milliseconds and megabytes."""
    memory = None if usage.memory is None else round(usage.memory)
    return {
        "seconds": round(usage.seconds, 3),
        "cpu_seconds": round(usage.cpu_seconds, 2),
        "memory": memory,
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
    """Return the Markdown between the markers: two tables per machine and notes on its rows."""
    known = {name: results[name] for name in names if name in results}
    sections = []
    for machine in dict.fromkeys(entry["machine"] for entry in known.values()):
        own = {name: entry for name, entry in known.items() if entry["machine"] == machine}
        measured = {name: entry for name, entry in own.items() if "items" in entry}
        sections.append(f"On {machine}:\n")
        sections.append(table(HEADINGS, [cells(*pair) for pair in own.items()]))
        if measured:
            sections.append(table(COSTS, [costs(*pair) for pair in measured.items()]))
        if notes := [
            f"- `{name}`: {entry['note']}.\n" for name, entry in own.items() if entry["note"]
        ]:
            sections.append("".join(notes))
    if missing := [f"`{name}`" for name in names if name not in results]:
        sections.append(f"Not run: {', '.join(missing)}.\n")
    return "\n".join(sections)


def table(headings: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def cells(name: str, entry: dict[str, Any]) -> list[str]:
    """Return one line of the first table: speeds and their ratio."""
    what, goal = [f"`{name}`", entry["what"], entry["against"]], f"{entry['goal']:g}"
    if "items" not in entry:
        return [*what, "", "", "not measured", goal, ""]
    timing = timing_of(entry)
    ratio = f"{timing.ratio:.2f}"
    if len(timing.ratios) > 1:
        ratio += f" ({min(timing.ratios):.2f} to {max(timing.ratios):.2f})"
    met = "yes" if timing.ratio >= entry["goal"] else "no"
    return [*what, *speeds(entry), ratio, goal, met]


def costs(name: str, entry: dict[str, Any]) -> list[str]:
    """Return one line of the second table: processor time, memory and limit."""
    timing = timing_of(entry)
    ours, theirs = (
        _three_digits(statistics.median(usage.cpu_seconds for usage in side))
        for side in (timing.ours, timing.theirs)
    )
    sizes = [
        max((usage.memory or 0 for usage in side), default=0)
        for side in (timing.ours, timing.theirs)
    ]
    memory = " and ".join(f"{size:,.0f} MB" for size in sizes) if all(sizes) else ""
    limit = entry["limit"]
    if limit is None:
        return [f"`{name}`", f"{ours} and {theirs}", memory, "", ""]
    bound = f"{speed(limit['rate'], entry)}: {limit['what']}"
    reached = f"{timing.items / median_seconds(timing.ours) / limit['rate']:.0%}"
    return [f"`{name}`", f"{ours} and {theirs}", memory, bound, reached]


def summary(entry: dict[str, Any]) -> str:
    """Return one line for the terminal."""
    if "items" not in entry:
        return f"  {entry['note']}"
    ours, theirs = speeds(entry)
    return f"  {ours} against {theirs}, {timing_of(entry).ratio:.2f} times. {entry['note']}"


def timing_of(entry: dict[str, Any]) -> Timing:
    """Return the rounds of an entry."""
    ours, theirs = ([Usage(**usage) for usage in entry[side]] for side in ("ours", "theirs"))
    return Timing(entry["items"], ours, theirs)


def speeds(entry: dict[str, Any]) -> list[str]:
    """Return the speeds of both sides, each in its median round."""
    timing = timing_of(entry)
    return [
        speed(timing.items / median_seconds(side), entry) for side in (timing.ours, timing.theirs)
    ]


def speed(rate: float, entry: dict[str, Any]) -> str:
    """Return a speed as `1,940 images/s`, or for rows without unit the time, as `12.0 s`."""
    if entry["unit"]:
        return f"{_three_digits(rate)} {entry['unit']}/s"
    return f"{entry['items'] / rate:,.1f} s"


def _three_digits(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
