"""docs/performance.json and the table of docs/performance.md."""

import json
import shutil
from pathlib import Path

import pytest

from benchmarks import page
from benchmarks.__main__ import ROWS, measure
from benchmarks.harness import NotMeasured, Result, Row, Timing
from benchmarks.usage import Usage

ROOT = Path(__file__).parents[2]
ENTRY = {
    "what": "reading",
    "against": "writing",
    "goal": 3,
    "unit": "images",
    "items": 1200,
    "ours": [{"seconds": x, "cpu_seconds": 2 * x, "memory": 500} for x in (1.0, 2.0, 1.0)],
    "theirs": [{"seconds": x, "cpu_seconds": x, "memory": 1400} for x in (4.0, 4.0, 1.0)],
    "limit": {"what": "reading alone", "rate": 2400.0},
    "note": "as it was",
    "machine": "2 cores of a test",
}
IN_PROCESS = [{"seconds": 100.0, "cpu_seconds": 150.0, "memory": None}]


def test_a_line_has_speeds_the_ratio_its_spread_and_the_goal():
    cells = (
        "| `x` | reading | writing | 1,200 images/s | 300 images/s | 2.00 (1.00 to 4.00) | 3 | no |"
    )
    assert cells in page.tables({"x": ENTRY}, ["x"])
    assert page.cells("x", ENTRY | {"goal": 2})[-1] == "yes"
    assert page.cells("x", ENTRY | {"unit": None})[3:5] == ["1.0 s", "4.0 s"]
    once = {"ours": IN_PROCESS, "theirs": IN_PROCESS}
    assert page.cells("x", ENTRY | once)[3:6] == ["12 images/s", "12 images/s", "1.00"]
    assert page.summary(ENTRY) == "  1,200 images/s against 300 images/s, 2.00 times. as it was"


def test_a_second_line_has_processor_time_memory_and_the_distance_from_the_limit():
    line = "| `x` | 2 and 4 | 500 MB and 1,400 MB | 2,400 images/s: reading alone | 50% |"
    assert line in page.tables({"x": ENTRY}, ["x"])
    in_process = {"ours": IN_PROCESS, "theirs": IN_PROCESS, "limit": None}
    assert page.costs("x", ENTRY | in_process) == ["`x`", "150 and 150", "", "", ""]


def test_each_machine_has_a_table_and_notes():
    text = page.tables({"x": ENTRY, "y": ENTRY | {"machine": "another"}}, ["x", "y", "z"])
    assert text.index("On 2 cores of a test:") < text.index("`x`: as it was.")
    assert text.index("`x`: as it was.") < text.index("On another:") < text.index("`y`: as it was.")
    assert text.endswith("Not run: `z`.\n")


def test_a_row_without_its_peer_is_not_measured(docs, monkeypatch):
    def no_peer():
        raise NotMeasured("install it")

    monkeypatch.setattr("benchmarks.__main__.machine", lambda: "a test")
    row = Row("x", "reading", "writing", "images", 3, no_peer)
    page.keep(row, measure(row))
    page.write_page(["x"])
    text = page.PAGE.read_text()
    assert "| `x` | reading | writing |  |  | not measured | 3 |  |" in text
    assert "- `x`: not measured: install it." in text


def test_one_row_is_replaced_and_the_text_around_the_table_stays(docs, monkeypatch):
    monkeypatch.setattr("benchmarks.__main__.machine", lambda: "a test")
    page.RESULTS.write_text(json.dumps({"x": ENTRY, "y": ENTRY}))
    result = Result(Timing(10, [Usage(1, 2, 30.4)], [Usage(2, 2)]), note="new")
    row = Row("x", "reading", "others", "images", 3, lambda: result)
    page.keep(row, measure(row))
    assert page.read_results()["y"] == ENTRY
    new = page.read_results()["x"]
    assert new["ours"] == [{"seconds": 1, "cpu_seconds": 2, "memory": 30}]
    assert (new["note"], new["limit"], new["items"]) == ("new", None, 10)
    before, _, after = page.PAGE.read_text().partition(page.END)
    page.write_page(["x", "y"])
    page.write_page(["x", "y"])
    text = page.PAGE.read_text()
    assert text.startswith(before.partition(page.BEGIN)[0])
    assert text.endswith(after)
    assert text.count("| `x` | reading | others |") == 1
    assert text.count("| `x` | ") == 2


def test_the_committed_page_matches_the_committed_results(docs):
    shutil.copy(ROOT / page.RESULTS, page.RESULTS)
    assert set(page.read_results()) <= set(ROWS)
    page.write_page(list(ROWS))
    assert page.PAGE.read_text() == (ROOT / page.PAGE).read_text()


@pytest.fixture
def docs(tmp_path, monkeypatch):
    """An empty folder with the page's words."""
    monkeypatch.chdir(tmp_path)
    page.PAGE.parent.mkdir()
    shutil.copy(ROOT / page.PAGE, page.PAGE)
