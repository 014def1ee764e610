"""`convline compare` on branches of a real repository."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.browser import CHROMIUM, Browser
from tests.commands import CONVLINE, convline, dvc, environment, make_repository, run_in
from tests.pipeline.test_default_run import SHRUNK

# The run that all branches start from takes a minute, each comparison about ten seconds.
pytestmark = pytest.mark.slow

# Enough epochs for a model that can be made worse.
VALUES = [*SHRUNK, "organize.limit=600", "train.epochs=25", "train.learning_rate=0.01"]


def test_a_branch_without_changes_passes(main):
    text = compare(main)
    assert "**Passed**. No metric changed significantly." in text
    assert "No params changed." in text
    assert "No metrics changed." in text
    assert (main / "report/compare.md").read_text() == text


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_the_page_shows_both_sides_and_loads_nothing(main, tmp_path):
    compare(main)
    address = (main / "report/compare.html").as_uri()
    with Browser(tmp_path / "profile") as browser:
        for width in (1280, 390):
            browser.open(address, width)
            assert browser.value("document.querySelectorAll('figure svg').length") > 8
            assert "No metric changed significantly" in browser.value(
                "document.querySelector('main').innerText"
            )
            assert browser.value("innerWidth") == width
            assert browser.value("document.scrollingElement.scrollWidth") <= width
    assert set(browser.requests) == {address}
    assert browser.complaints == []


def test_a_metric_edited_by_hand_fails(branch):
    edit(
        branch / "metrics/evaluate.json", lambda metrics: metrics["scratch"].update(accuracy=0.999)
    )
    commit(branch)
    text = compare(branch, fails=True)
    assert "**Failed**" in text
    assert "`metrics/evaluate.json` is not the file that stage `evaluate` wrote" in text
    assert "dvc.lock is out of date: run `dvc repro`, which reruns `evaluate`" in text


def test_params_that_were_not_run_fail(branch):
    set_param(branch, "  dropout: 0.5 ", "  dropout: 0.4 ")
    commit(branch)
    text = compare(branch, fails=True)
    assert "run `dvc repro`, which reruns `train` and the stages that depend on it" in text
    assert "| `train.dropout` | `0.5` | `0.4` |" in text


def test_a_metrics_file_that_is_not_committed_fails(branch):
    git(branch, "rm", "-q", "--cached", "metrics/train.json")
    git(branch, "commit", "-q", "-m", "change")
    text = compare(branch, fails=True)
    assert "Outputs of stage `train` are not committed: `metrics/train.json`." in text


def test_the_commit_is_checked_not_the_working_folder(branch):
    """CI runs the pipeline before it compares; the commit is stale all the same."""
    good = (branch / "metrics/evaluate.json").read_text()
    edit(branch / "metrics/evaluate.json", lambda metrics: metrics["scratch"].update(accuracy=0.1))
    commit(branch)
    (branch / "metrics/evaluate.json").write_text(good)
    text = compare(branch, fails=True)
    assert "is not the file that stage `evaluate` wrote" in text
    assert "Not committed, but part of the comparison: `metrics/evaluate.json`." in text
    assert "No metrics changed." in text


def test_without_metrics_on_main_all_metrics_are_new(branch):
    git(branch, "checkout", "-q", "main")
    git(branch, "rm", "-q", "-r", "--cached", "metrics", "dvc.lock")
    git(branch, "commit", "-q", "-m", "no run yet")
    git(branch, "checkout", "-q", "-b", "first")
    commit(branch)
    (branch / "gate.yaml").write_text("- metric: scratch.accuracy\n  may_fall_by: 0.0\n")
    text = compare(branch)
    assert "`main` has no metrics to compare with: all metrics here are new." in text
    assert "- passed: `scratch.accuracy` is new" in text
    accuracy = metrics_of(branch)["scratch"]["accuracy"]
    assert f"| `scratch.accuracy` |  | {accuracy:.4f} |  |  | new |" in text


def test_without_metrics_here_it_fails(branch):
    shutil.rmtree(branch / "metrics")
    assert "There are no metrics here: run `dvc repro`" in compare(branch, fails=True)


def test_a_renamed_metric_is_noted(branch):
    git(branch, "checkout", "-q", "main")
    edit(
        branch / "metrics/evaluate.json",
        lambda metrics: metrics["scratch"].update(f1_score=metrics["scratch"].pop("f1")),
    )
    commit(branch)
    git(branch, "checkout", "-q", "-b", "renamed")
    git(branch, "checkout", "-q", "HEAD~", "--", "metrics")
    commit(branch)
    text = compare(branch)
    assert "Removed or renamed metrics: `scratch.f1_score`." in text
    assert "**removed**" in text
    assert "| `scratch.f1` |  | " in text


def test_renamed_stages_are_noted(branch):
    git(branch, "checkout", "-q", "main")
    text = (branch / "dvc.yaml").read_text().replace("  evaluate:\n", "  judge:\n")
    (branch / "dvc.yaml").write_text(text)
    commit(branch)
    git(branch, "checkout", "-q", "-b", "renamed")
    git(branch, "checkout", "-q", "HEAD~", "--", "dvc.yaml")
    commit(branch)
    text = compare(branch)
    assert "New stages: `evaluate`." in text
    assert "Removed stages: `judge`." in text
    assert "Changed code that determines results: `dvc.yaml`." in text


def test_a_shallow_clone_works_once_the_base_is_fetched(branch, tmp_path):
    git(branch, "commit", "-q", "--allow-empty", "-m", "one more")
    git(branch, "checkout", "-q", "main")
    git(branch, "commit", "-q", "--allow-empty", "-m", "main went on")
    shallow = tmp_path / "shallow"
    url = f"file://{branch}"
    git(tmp_path, "clone", "-q", "--depth", "1", "-b", "change", url, str(shallow))
    message = run_compare(shallow, "main")
    assert message.returncode == 1
    assert "no commit 'main' in this clone" in message.stderr
    assert "git fetch origin main:refs/remotes/origin/main --unshallow" in message.stderr
    git(shallow, "fetch", "-q", "--depth", "1", "origin", "main:refs/remotes/origin/main")
    text = compare(shallow)
    assert "Compared with the last commit of the other branch: this clone is shallow." in text
    assert "No metrics changed." in text
    git(shallow, "fetch", "-q", "origin", "main", "--unshallow")
    assert "shallow" not in compare(shallow)


def test_a_gate_that_the_branch_removes_is_noted(branch):
    git(branch, "checkout", "-q", "main")
    (branch / "gate.yaml").write_text("- metric: scratch.accuracy\n  may_fall_by: 0.0\n")
    commit(branch)
    git(branch, "checkout", "-q", "-b", "ungated")
    git(branch, "rm", "-q", "gate.yaml")
    commit(branch)
    assert "`gate.yaml` differs from that on `main`." in compare(branch)


def test_it_leaves_the_branch_alone_in_a_git_hook(branch):
    variables = {**environment(), "GIT_DIR": str(branch / ".git"), "GIT_PREFIX": "x/"}
    command = [*CONVLINE, "compare", "main"]
    assert run_in(branch, command, variables).returncode == 0
    assert (branch / ".git/HEAD").read_text() == "ref: refs/heads/change\n"


def test_files_broken_by_a_merge_give_no_traceback(branch):
    mark = "<<<<<<< ours\n"
    for name in ("metrics/evaluate/scores.csv", "metrics/evaluate/confusion_scratch.csv"):
        (branch / name).write_text(mark + (branch / name).read_text())
    (branch / "metrics/evaluate/confusion_transfer.csv").write_text("")
    (branch / "metrics/organize.json").write_text('{"organize": null}\n')
    set_param(branch, "evaluate:\n", "evaluate:\nbroken:\n")
    text = compare(branch)
    assert "it is unknown whether both were tested on the same images" in text


def test_an_impossible_gate_is_one_message(branch):
    (branch / "report").mkdir()
    (branch / "report/compare.md").write_text("the review of another branch")
    (branch / "gate.yaml").write_text("- metric: scratch.loss\n  may_fall_by: 0.1\n")
    result = run_compare(branch, "main")
    assert result.returncode == 1
    assert (
        "limits.0.may_rise_by: is required for scratch.loss, where lower is better" in result.stderr
    )
    assert not (branch / "report/compare.md").exists()


def test_a_change_of_dropout_has_a_verdict(branch):
    set_param(branch, "  dropout: 0.5 ", "  dropout: 0.45 ")
    dvc(branch, "repro")
    commit(branch)
    text = compare(branch)
    assert "| `train.dropout` | `0.5` | `0.45` |" in text
    rows = table(text)
    assert rows["scratch.loss"][-1] in {"not significant", "**better**", "**worse**"}
    assert "transfer.loss" not in rows
    before, now, difference = (x.replace("\N{MINUS SIGN}", "-") for x in rows["scratch.loss"][:3])
    assert float(now) - float(before) == pytest.approx(float(difference), abs=2e-4)
    assert now == f"{metrics_of(branch)['scratch']['loss']:.4f}"


def test_a_worse_model_does_not_pass_the_gate(branch):
    gate = "- metric: scratch.accuracy\n  may_fall_by: 0.05\n"
    (branch / "gate.yaml").write_text(gate)
    before = metrics_of(branch)["scratch"]["accuracy"]
    set_param(branch, "  learning_rate: 0.01", "  learning_rate: 0.0000001")
    dvc(branch, "repro")
    commit(branch)
    text = compare(branch, fails=True)
    fall = before - metrics_of(branch)["scratch"]["accuracy"]
    assert fall > 0.3
    assert f"- failed: `scratch.accuracy` fell by {fall:.4f} (limit: 0.05 worse)" in text
    assert "**Failed**: the gate. Significantly worse: " in text
    assert table(text)["scratch.accuracy"][-1] == "**worse**"
    assert "- Before: " in text


def test_other_data_cannot_be_compared(branch):
    (branch / "gate.yaml").write_text("- metric: scratch.accuracy\n  may_fall_by: 1.0\n")
    set_param(branch, "  limit: 600", "  limit: 400")
    dvc(branch, "repro")
    commit(branch)
    text = compare(branch, fails=True)
    images = metrics_of(branch)["examples"]
    why = f"the test split changed (91 images before, {images} now)"
    assert f"The metrics are not comparable: {why}." in text
    assert "The metrics of the test split cannot be compared." in text
    assert f"- not judged: `scratch.accuracy`: {why}; a reviewer must decide" in text
    assert table(text)["scratch.loss"][-1] == "not comparable"


@pytest.fixture(scope="module")
def main(tmp_path_factory):
    """A repository whose branch main has run the pipeline and committed it; tests only read it."""
    folder = make_repository(tmp_path_factory.mktemp("main"), "default", *VALUES)
    dvc(folder, "repro")
    commit(folder)
    return folder


@pytest.fixture
def branch(main, tmp_path):
    """A clone of it, with its data and models, on a branch `change`."""
    folder = tmp_path / "clone"
    shutil.copytree(main, folder, symlinks=True, ignore=shutil.ignore_patterns("report"))
    git(folder, "checkout", "-q", "-b", "change")
    return folder


def compare(folder: Path, fails: bool = False) -> str:
    result = run_compare(folder, "main")
    assert result.returncode == int(fails), result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    return result.stdout.removesuffix("\n")


def run_compare(folder: Path, base: str) -> subprocess.CompletedProcess:
    return convline(folder, "compare", base)


def table(text: str) -> dict[str, list[str]]:
    """Cells of each metric's row."""
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {cells[0].strip("`"): cells[1:] for cells in rows}


def metrics_of(folder: Path) -> dict:
    return json.loads((folder / "metrics/evaluate.json").read_text())


def edit(path: Path, change) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")


def set_param(folder: Path, old: str, new: str) -> None:
    text = (folder / "params.yaml").read_text()
    assert old in text
    (folder / "params.yaml").write_text(text.replace(old, new, 1))


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "change")


def git(folder: Path, *arguments: str) -> None:
    result = run_in(folder, ["git", *arguments], environment())
    assert result.returncode == 0, result.stderr
