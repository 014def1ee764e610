"""gate.yaml, and what a review says of a metric."""

import pytest

from convline.pull_requests.base_commit import Base
from convline.pull_requests.compare_page import page
from convline.pull_requests.metric_noise import Difference
from convline.pull_requests.metrics_gate import judge, load_gate
from convline.pull_requests.review_text import Review, judge_row
from convline.runtime.errors import UserError

NAME = "transfer.accuracy"


def gate(tmp_path, text):
    (tmp_path / "gate.yaml").write_text(text)
    return load_gate(tmp_path / "gate.yaml")


def test_without_a_file_there_is_no_gate(tmp_path):
    assert load_gate(tmp_path / "gate.yaml") == []


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [(0.9, 0.89, "passed"), (0.9, 0.88, "failed"), (0.9, 0.95, "passed"), (0.9, 0.9, "passed")],
)
def test_a_metric_may_fall_by_so_much(tmp_path, before, after, outcome):
    limits = gate(tmp_path, f"- metric: {NAME}\n  may_fall_by: 0.01\n")
    assert judge(limits, {NAME: before}, {NAME: after}, "")[0][0] == outcome


@pytest.mark.parametrize(("after", "outcome"), [(0.25, "passed"), (0.31, "failed"), (0, "passed")])
def test_a_loss_may_rise_by_so_much(tmp_path, after, outcome):
    limits = gate(tmp_path, "- metric: scratch.loss\n  may_rise_by: 0.1\n")
    assert judge(limits, {"scratch.loss": 0.2}, {"scratch.loss": after}, "")[0][0] == outcome


def test_what_cannot_be_judged_has_not_passed(tmp_path):
    limits = gate(tmp_path, f"- metric: {NAME}\n  may_fall_by: 0.01\n")
    assert judge(limits, {NAME: 0.9}, {NAME: 0.9}, "other images")[0][0] == "not judged"
    assert judge(limits, {}, {NAME: 0.9}, "")[0] == ("passed", f"`{NAME}` is new")
    outcome, why = judge(limits, {NAME: 0.9}, {"transfer.acuracy": 0.9}, "")[0]
    assert outcome == "failed"
    assert "did you mean 'transfer.acuracy'?" in why


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- metric: a.loss\n  may_fall_by: 0.1\n", "limits.0.may_rise_by: is what a.loss needs"),
        ("- metric: a.f1\n  may_rise_by: 0.1\n", "limits.0.may_fall_by: is what a.f1 needs"),
        ("- metric: a.f1\n", "higher is better"),
        ("- metric: a.f1\n  may_fal_by: 0.1\n", "unknown parameter, did you mean 'may_fall_by'?"),
        ("- metric: a.f1\n  may_fall_by: much\n", "limits.0.may_fall_by: must be a number"),
        ("- metric: a.f1\n  may_fall_by: -0.1\n", "must be greater than or equal to 0"),
        ("metric: a.f1\n", "limits: must be a list"),
        ("- [", "is no valid YAML"),
    ],
)
def test_a_mistake_in_the_file_is_one_message(tmp_path, text, message):
    with pytest.raises(UserError, match=r"gate\.yaml") as error:
        gate(tmp_path, text)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("name", "pair", "difference", "verdict"),
    [
        ("a.f1", (0.5, 0.6), Difference(0.05, 0.15, real=True), "better"),
        ("a.f1", (0.6, 0.5), Difference(-0.15, -0.05, real=True), "worse"),
        ("a.loss", (0.5, 0.6), Difference(0.05, 0.15, real=True), "worse"),
        ("a.loss", (0.6, 0.5), Difference(-0.15, -0.05, real=True), "better"),
        ("a.f1", (0.5, 0.6), Difference(0.05, 0.15, real=False), "within noise"),
        ("a.f1", (0.5, 0.6), None, "noise unknown"),
        ("a.f1", (None, 0.6), None, "new"),
        ("a.f1", (0.5, None), None, "gone"),
    ],
)
def test_a_difference_is_judged_by_its_noise(name, pair, difference, verdict):
    assert judge_row(name, pair, difference, incomparable=False).verdict == verdict
    if None not in pair:
        assert judge_row(name, pair, difference, incomparable=True).verdict == "not comparable"


def review(**changes):
    parts = {
        "failures": [], "notes": [], "params": {}, "rows": [], "gate": [],
        "sentences": ("", ""), "comparable": True,
    }  # fmt: skip
    return Review("abc1234", Base("main", "0" * 40, ""), **{**parts, **changes})


def test_values_do_not_break_the_tables():
    text = review(params={"organize.group_pattern": (None, r"(a|b)`c`")}).markdown()
    assert r"| `organize.group_pattern` | *none* | `(a\|b)'c'` |" in text


def test_names_are_no_markup_on_the_page():
    evil = "organize.classes.`</code><script>1</script>|x"
    found = review(params={evil: (None, "1")}, rows=[judge_row(evil, (None, 1.0), None, False)])
    html = page(found, found.markdown(), [])
    assert "<script>" not in html
    assert html.count("&lt;script&gt;1") == 2
    assert "Other figures" in html
    assert "&lt;details" not in html


def test_a_whole_preset_stays_below_what_github_takes():
    params = {f"section.param_{i}": ("x" * 300, "y" * 300) for i in range(500)}
    names = [f"{m}.{'score' * 4}_{i}" for m in ("scratch", "transfer") for i in range(40)]
    rows = [
        judge_row(name, (0.1, 0.2), Difference(0.01, 0.2, real=True), incomparable=False)
        for name in names
    ]
    text = review(params=params, rows=rows).markdown()
    assert "And 440 more." in text
    assert len(text) < 65_536


def test_failures_come_first_and_decide():
    text = review(failures=["dvc.lock is stale"], notes=["shallow"]).markdown()
    assert text.splitlines()[2].startswith("**Failed**")
    assert text.index("dvc.lock is stale") < text.index("shallow")
    assert review(failures=["x"]).failed
    assert review(gate=[("not judged", "x")]).failed
    assert not review(notes=["x"], gate=[("passed", "y")]).failed
