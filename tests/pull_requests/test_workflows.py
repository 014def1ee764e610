"""Workflows on pull requests: valid, pinned, and without secrets within reach of a fork's code."""

import os
import re
import shutil
import subprocess
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from ruamel.yaml import YAML

from tests.commands import environment, run_in

FOLDER = Path(".github/workflows")
TEXTS = {path.stem: path.read_text() for path in sorted(FOLDER.glob("*.y*ml"))}
COMPARE = TEXTS["compare"]
PINNED = re.compile(r"(?P<action>[\w./-]+)@(?P<commit>[0-9a-f]{40} # v\d+\.\d+\.\d+)")
SAME_REPOSITORY = "&& github.event.pull_request.head.repo.full_name == github.repository"
# The jobs that may write, and what they may write.
WRITERS = {"comment": {"pull-requests": "write"}}
PAGE = Path("docs/pull_requests.md")


def test_actionlint_finds_nothing():
    result = actionlint(FOLDER)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("sound", "broken", "complaint"),
    [
        ("needs: compare\n", "needs: compere\n", '"compere"'),
        ("steps.cache.outputs.cache-hit", "steps.cash.outputs.cache-hit", '"cash"'),
        ("hashFiles('dvc.lock')", "hashFile('dvc.lock')", '"hashFile"'),
        ("timeout-minutes", "timeout-minute", '"timeout-minute"'),
    ],
)
def test_actionlint_finds_mistakes(tmp_path, sound, broken, complaint):
    (tmp_path / "compare.yaml").write_text(changed(COMPARE, sound, broken))
    result = actionlint(tmp_path)
    assert result.returncode == 1
    assert complaint in result.stdout


def test_make_lint_runs_actionlint():
    assert re.search(r"^actionlint\b", make("--dry-run", "lint").stdout, re.MULTILINE)


def unpinned_actions(text: str) -> list[str]:
    return [uses for uses in uses_of(text) if not PINNED.fullmatch(uses)]


def other_triggers(text: str) -> set[str]:
    return set(load(text)["on"]) - {"push", "pull_request"}


def permissions_too_many(text: str) -> list[str]:
    workflow = load(text)
    jobs = workflow["jobs"].items()
    found = [] if workflow.get("permissions") == {"contents": "read"} else ["the workflow"]
    return found + [name for name, job in jobs if job.get("permissions") != WRITERS.get(name)]


def writers_open_to_forks(text: str) -> list[str]:
    conditions = {name: " ".join(job.get("if", "").split()) for name, job in writers(text).items()}
    return [name for name, x in conditions.items() if SAME_REPOSITORY not in x or "||" in x]


def code_that_writers_run(text: str) -> list[str]:
    steps = [step for job in writers(text).values() for step in job["steps"]]
    calls = [step.get("run") or step["uses"] for step in steps]
    return [call for call in calls if not call.startswith(("gh ", "actions/download-artifact@"))]


def expressions_in_commands(text: str) -> list[str]:
    return [command for command in commands(text) if "${{" in command]


def logic(text: str) -> list[str]:
    return [command for command in commands(text) if "\n" in command.strip()]


def secrets_of_forks(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if re.search(r"\bsecrets *[.:\[]", line)]
    return [line for line in lines if f"{SAME_REPOSITORY[3:]} && secrets." not in line]


def credentials_left_behind(text: str) -> list[dict]:
    steps = [step for job in load(text)["jobs"].values() for step in job["steps"]]
    checkouts = [step for step in steps if step.get("uses", "").startswith("actions/checkout@")]
    return [
        step for step in checkouts if step.get("with", {}).get("persist-credentials") is not False
    ]


def jobs_without_an_end(text: str) -> list[str]:
    return [name for name, job in load(text)["jobs"].items() if "timeout-minutes" not in job]


def unknown_targets(text: str) -> list[str]:
    return [x for x in make_targets(text) if make("--dry-run", x).returncode != 0]


RULES = {
    unpinned_actions: (r"actions/checkout@\w{40}", "actions/checkout@v7"),
    other_triggers: (r"\bpull_request:", "pull_request_target:"),
    permissions_too_many: (r"contents: read", "contents: write"),
    writers_open_to_forks: (r"(?<=full_name) == github\.repository", " != ''"),
    code_that_writers_run: (r"gh pr comment", "make comment"),
    expressions_in_commands: (r"run: make compare", "run: make compare BASE=${{ github.ref }}"),
    logic: (r"run: make compare", "run: |\n          make compare\n          true"),
    secrets_of_forks: (r"github\.token", "secrets.TOKEN"),
    credentials_left_behind: (r"persist-credentials: false", "persist-credentials: true"),
    jobs_without_an_end: (r"timeout-minutes: 60", "continue-on-error: false"),
    unknown_targets: (r"run: make compare", "run: make comparison"),
}
rules = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)


@rules
@pytest.mark.parametrize("name", TEXTS)
def test_no_workflow_has(name, rule):
    assert not rule(TEXTS[name])


@rules
def test_each_rule_finds_a_violation(rule):
    assert rule(changed(COMPARE, *RULES[rule], regex=True))


def test_the_job_that_comments_is_a_writer_and_the_only_one():
    assert {name for text in TEXTS.values() for name in writers(text)} == {"comment"}


def test_permissions_of_another_job_are_found():
    text = changed(COMPARE, "    outputs:\n", "    permissions: write-all\n    outputs:\n")
    assert permissions_too_many(text) == ["compare"]


def test_each_action_has_one_version():
    versions = defaultdict(set)
    for uses in (uses for text in TEXTS.values() for uses in uses_of(text)):
        action, commit = PINNED.fullmatch(uses).group("action", "commit")
        versions["/".join(action.split("/")[:2])].add(commit)
    assert versions
    assert {action: len(commits) for action, commits in versions.items() if len(commits) > 1} == {}


def test_the_tests_run_on_each_python_that_convline_supports():
    pythons = load(TEXTS["tests"])["jobs"]["test"]["strategy"]["matrix"]["python"]
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    supported = SpecifierSet(project["requires-python"])
    assert pythons == [x for x in (f"3.{minor}" for minor in range(30)) if x in supported]


def test_the_report_is_published_even_if_the_comparison_fails():
    steps = load(COMPARE)["jobs"]["compare"]["steps"]
    assert [step.get("run") or step["uses"].split("@")[0] for step in steps][-5:] == [
        "make repro",
        "actions/cache/save",
        "make compare",
        'cat report/compare.md >> "$GITHUB_STEP_SUMMARY"',
        "actions/upload-artifact",
    ]
    assert not any("continue-on-error" in step for step in steps)
    for step in steps[-2:]:
        assert "!cancelled()" in step["if"]


@pytest.mark.parametrize("from_", ["environment", "command line"])
def test_the_name_of_a_branch_is_not_run_as_a_command(tmp_path, from_):
    shutil.copy("Makefile", tmp_path)
    (tmp_path / "requirements.lock").touch()
    command = tmp_path / ".venv/bin/convline"
    command.parent.mkdir(parents=True)
    (tmp_path / ".venv/installed-requirements.lock").touch()
    command.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > arguments\n')
    command.chmod(0o755)
    base = "origin/x;touch${IFS}1&touch${IFS}2|`touch${IFS}3`'\"$(touch${IFS}4)"
    if from_ == "environment":
        result = make("compare", cwd=tmp_path, BASE=base + "$(shell touch 5)")
        base += "$(shell touch 5)"
    else:
        result = make("compare", "BASE=" + base.replace("$", "$$"), cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "arguments").read_text() == f"compare\n{base}\n"
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {".venv", "Makefile", "arguments", "requirements.lock"}


def test_the_page_names_targets_that_exist():
    targets = make_targets(PAGE.read_text())
    assert {"repro", "compare"} <= set(targets)
    assert unknown_targets(PAGE.read_text()) == []


@pytest.mark.parametrize(
    ("old", "number"),
    [
        ("      - run: make repro\n", 2),
        ("    runs-on: ubuntu-24.04\n    timeout-minutes: 60\n", 1),
    ],
    ids=["steps", "runner"],
)
def test_the_changes_proposed_by_the_page_are_valid(tmp_path, old, number):
    blocks = [block for block in yaml_blocks(PAGE) if old.split(":")[0] + ":" in block]
    assert len(blocks) == number
    for block in blocks:
        text = changed(COMPARE, old, block)
        (tmp_path / "compare.yaml").write_text(text)
        assert actionlint(tmp_path).stdout == ""
        assert {rule.__name__: found for rule in RULES if (found := rule(text))} == {}


def test_gitlab_has_the_jobs_of_the_workflows():
    (pipeline,) = [block for block in yaml_blocks(PAGE) if block.startswith("workflow:")]
    jobs = load(pipeline)
    assert jobs["test"]["parallel"]["matrix"] == [
        {"VERSION": load(TEXTS["tests"])["jobs"]["test"]["strategy"]["matrix"]["python"]}
    ]
    called = {name: make_targets("\n".join(jobs[name]["script"])) for name in ("lint", "test")}
    assert called == {"lint": ["lint"], "test": ["test"]}
    assert make_targets("\n".join(jobs["compare"]["script"])) == ["repro", "compare"]
    assert make_targets("\n".join(commands(COMPARE))) == ["repro", "compare"]


def yaml_blocks(page: Path) -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def load(text: str) -> dict:
    return YAML(typ="safe").load(text)


def uses_of(text: str) -> list[str]:
    return re.findall(r"^ *(?:- )?uses: *(.*)$", text, re.MULTILINE)


def writers(text: str) -> dict[str, dict]:
    jobs = load(text)["jobs"]
    return {name: job for name, job in jobs.items() if "write" in str(job.get("permissions"))}


def commands(text: str) -> list[str]:
    return [
        step["run"] for job in load(text)["jobs"].values() for step in job["steps"] if "run" in step
    ]


def make_targets(text: str) -> list[str]:
    return re.findall(r"(?:^|run: |- |`)make (?!-)(\w+)", text, re.MULTILINE)


def changed(text: str, old: str, new: str, *, regex: bool = False) -> str:
    result = re.sub(old, lambda _: new, text) if regex else text.replace(old, new)
    assert result != text
    return result


def actionlint(folder: Path) -> subprocess.CompletedProcess:
    options = ["-shellcheck=", "-pyflakes=", "-config-file", ".github/actionlint.yaml"]
    command = ["actionlint", *options, *map(str, sorted(folder.iterdir()))]
    return run_in(Path(), command, environment())


def make(*arguments: str, cwd: Path = Path(), **variables: str) -> subprocess.CompletedProcess:
    # Nothing of the `make test` that may run these tests.
    clean = {name: x for name, x in os.environ.items() if name not in {"MAKEFLAGS", "EXTRA"}}
    return run_in(cwd, ["make", *arguments], clean | variables)
