"""The text and the page of a review."""

from convline.pull_requests.base_commit import Base
from convline.pull_requests.metric_differences import Difference
from convline.pull_requests.metric_rows import judge_row
from convline.pull_requests.review_markdown import Review
from convline.pull_requests.review_page import render_page


def review(**changes):
    parts = {
        "failures": [], "notes": [], "params": {}, "rows": [], "gate": [],
        "sentences": ("", ""), "comparable": True,
    }  # fmt: skip
    return Review("abc1234", Base("main", "0" * 40, ""), **{**parts, **changes})


def test_values_do_not_break_the_tables():
    text = review(params={"organize.group_pattern": (None, r"(a|b)`c`")}).markdown()
    assert r"| `organize.group_pattern` | *none* | `(a\|b)'c'` |" in text


def test_names_are_escaped_on_the_page():
    evil = "organize.classes.`</code><script>1</script>|x"
    found = review(
        params={evil: (None, "1")}, rows=[judge_row(evil, (None, 1.0), None, comparable=True)]
    )
    html = render_page(found, found.markdown(), [])
    assert "<script>" not in html
    assert html.count("&lt;script&gt;1") == 2
    assert "Other metrics" in html
    assert "&lt;details" not in html


def test_the_review_of_another_preset_fits_into_a_comment_on_github():
    params = {f"section.param_{i}": ("x" * 300, "y" * 300) for i in range(500)}
    names = [f"{m}.{'score' * 4}_{i}" for m in ("scratch", "transfer") for i in range(40)]
    rows = [
        judge_row(name, (0.1, 0.2), Difference(0.01, 0.2, significant=True), comparable=True)
        for name in names
    ]
    text = review(params=params, rows=rows).markdown()
    assert "And 440 more." in text
    assert len(text) < 65_536


def test_failures_come_first_and_fail_the_pull_request():
    text = review(failures=["dvc.lock is stale"], notes=["shallow"]).markdown()
    assert text.splitlines()[2].startswith("**Failed**")
    assert text.index("dvc.lock is stale") < text.index("shallow")
    assert review(failures=["x"]).failed
    assert review(gate=[("not judged", "x")]).failed
    assert not review(notes=["x"], gate=[("passed", "y")]).failed
