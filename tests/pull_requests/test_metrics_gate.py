"""gate.yaml: limits, outcomes and messages."""

import pytest

from convline.pull_requests.metrics_gate import judge, load_gate
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
def test_a_metric_may_fall_by_its_limit(tmp_path, before, after, outcome):
    limits = gate(tmp_path, f"- metric: {NAME}\n  may_fall_by: 0.01\n")
    assert judge(limits, {NAME: before}, {NAME: after}, "")[0][0] == outcome


@pytest.mark.parametrize(("after", "outcome"), [(0.25, "passed"), (0.31, "failed"), (0, "passed")])
def test_a_loss_may_rise_by_its_limit(tmp_path, after, outcome):
    limits = gate(tmp_path, "- metric: scratch.loss\n  may_rise_by: 0.1\n")
    assert judge(limits, {"scratch.loss": 0.2}, {"scratch.loss": after}, "")[0][0] == outcome


def test_the_reason_gives_the_change_and_the_limit(tmp_path):
    limits = gate(tmp_path, f"- metric: {NAME}\n  may_fall_by: 0.01\n")
    assert judge(limits, {NAME: 0.9}, {NAME: 0.88}, "") == [
        ("failed", f"`{NAME}` fell by 0.0200 (limit: 0.01 worse)")
    ]
    assert judge(limits, {NAME: 0.9}, {NAME: 0.9}, "") == [
        ("passed", f"`{NAME}` did not change (limit: 0.01 worse)")
    ]


def test_a_limit_that_cannot_be_judged_has_not_passed(tmp_path):
    limits = gate(tmp_path, f"- metric: {NAME}\n  may_fall_by: 0.01\n")
    assert judge(limits, {NAME: 0.9}, {NAME: 0.9}, "other images")[0][0] == "not judged"
    assert judge(limits, {}, {NAME: 0.9}, "")[0] == ("passed", f"`{NAME}` is new")
    outcome, why = judge(limits, {NAME: 0.9}, {"transfer.acuracy": 0.9}, "")[0]
    assert outcome == "failed"
    assert "did you mean 'transfer.acuracy'?" in why


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "- metric: a.loss\n  may_fall_by: 0.1\n",
            "limits.0.may_rise_by: is required for a.loss, where lower is better",
        ),
        (
            "- metric: a.f1\n  may_rise_by: 0.1\n",
            "limits.0.may_fall_by: is required for a.f1, where higher is better",
        ),
        ("- metric: a.f1\n", "higher is better"),
        ("- metric: a.f1\n  may_fal_by: 0.1\n", "unknown parameter, did you mean 'may_fall_by'?"),
        ("- metric: a.f1\n  may_fall_by: much\n", "limits.0.may_fall_by: must be a number"),
        ("- metric: a.f1\n  may_fall_by: -0.1\n", "must be greater than or equal to 0"),
        ("metric: a.f1\n", "limits: must be a list"),
        ("- [", "is not valid YAML"),
    ],
)
def test_a_mistake_in_the_file_is_one_message(tmp_path, text, message):
    with pytest.raises(UserError, match=r"gate\.yaml") as error:
        gate(tmp_path, text)
    assert message in str(error.value)
