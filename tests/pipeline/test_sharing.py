"""Shared runs: the lines of README, with a local S3 server and a second clone."""

import contextlib
import csv
import io
import logging
import re
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from moto.server import ThreadedMotoServer

from tests.commands import REPOSITORY, convline, dvc, environment, make_repository, stages_run
from tests.pipeline.test_default_run import SHRUNK
from tests.served_app import serving

# One minute for the shared run, another for its clones.
pytestmark = pytest.mark.slow

README = (REPOSITORY / "README.md").read_text().split("\n## Share runs\n")[1].split("\n## ")[0]
DETAILS = (REPOSITORY / "docs/sharing.md").read_text()
SHARE, GET = (
    [line.split("  #")[0].rstrip() for line in block.splitlines()]
    for block in re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
)
ADD_REMOTE, COMMIT, PUSH, PUSH_EXPERIMENTS = SHARE
CLONE, _, PULL, PULL_EXPERIMENTS = GET
PULL_ENOUGH_TO_PREDICT = "dvc pull models/classifier.keras"
ANOTHER_SERVER = "dvc remote modify storage endpointurl https://..."
LESS_DROPOUT = ["exp", "run", "--temp", "-S", "train.dropout=0.3", "--name"]
KEYS = {name: secrets.token_hex() for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}


def test_a_clone_gets_the_same_bytes_and_runs_nothing(shared, clone):
    for folder in ("data", "metrics", "models"):
        assert tree(clone / folder) == tree(shared / folder)
    assert {"classifier.keras", "head.keras", "scratch.keras"} < set(tree(clone / "models"))
    assert git(clone, "status", "--porcelain") == ""
    assert "Data and pipelines are up to date." in dvc(clone, "status")
    assert stages_run(dvc(clone, "repro")) == []


def test_a_clone_predicts_without_training(clone, prediction):
    assert predict(clone, an_image(clone)) == prediction


def test_a_clone_serves_the_web_app_without_training(clone):
    with serving(clone) as address:
        text = requests.get(f"{address}/?example=0", timeout=60).text
    assert "Heat map for" in text
    assert text.count('href="/?example=') == 10
    assert '<h2 id="card">Model card</h2>' in text


def test_a_clone_predicts_without_the_training_images(origin, shared, prediction, tmp_path):
    assert PULL_ENOUGH_TO_PREDICT in DETAILS
    clone = clone_of(origin, tmp_path)
    assert "1 file fetched" in sh(clone, PULL_ENOUGH_TO_PREDICT)
    assert set(tree(clone / "data")) == {".gitignore"}
    assert predict(clone, an_image(shared)) == prediction


def test_a_clone_gets_experiments_with_their_metrics(shared, experiment, clone):
    assert experiments(clone) == {}
    sh(clone, PULL_EXPERIMENTS)
    assert experiments(clone) == experiments(shared)
    assert [row["train.dropout"] for row in experiments(clone).values()] == ["0.3"]


def test_an_experiment_is_applied_without_training(origin, shared, experiment, tmp_path):
    clone = clone_of(origin, tmp_path)
    sh(clone, PULL_EXPERIMENTS)
    assert "`dvc exp apply <name>`" in DETAILS
    dvc(clone, "exp", "apply", "less-dropout")
    assert "  dropout: 0.3" in (clone / "params.yaml").read_text()
    assert stages_run(dvc(clone, "repro")) == []
    mine, theirs = tree(shared / "models"), tree(clone / "models")
    assert mine["scratch.keras"] != theirs["scratch.keras"]
    assert mine["head.keras"] == theirs["head.keras"]


def test_an_experiment_from_before_the_remote_runs_again_without_training(experiment):
    assert "Stage 'train' is cached" in experiment
    assert stages_run(experiment) == []


def test_an_experiment_of_an_earlier_commit_is_pushed_by_its_name(shared, experiment):
    assert f"`{PUSH_EXPERIMENTS} <name>`" in DETAILS
    git(shared, "commit", "--quiet", "--allow-empty", "--message", "Next")
    try:
        assert "No experiments to push." in sh(shared, PUSH_EXPERIMENTS)
        assert "Experiment less-dropout" in sh(shared, f"{PUSH_EXPERIMENTS} less-dropout")
    finally:
        git(shared, "reset", "--quiet", "--soft", "HEAD~")


def test_files_of_the_remote_are_not_sent_again(shared):
    assert "Everything is up to date." in sh(shared, PUSH)


def test_another_server_is_set_in_the_config(origin, shared, server, tmp_path, monkeypatch):
    assert f"`{ANOTHER_SERVER}`" in DETAILS
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    clone = clone_of(origin, tmp_path)
    sh(clone, ANOTHER_SERVER.replace("https://...", server))
    assert "1 file fetched" in sh(clone, PULL_ENOUGH_TO_PREDICT)


def test_a_folder_can_replace_the_bucket(shared, tmp_path):
    with local_config(shared, "url", str(tmp_path / "folder")):
        sh(shared, PUSH)
    kept = tree(tmp_path / "folder").values()
    assert (shared / "models/classifier.keras").read_bytes() in kept


def test_git_contains_no_secret(shared, origin, experiment):
    with local_config(shared, "secret_access_key", KEYS["AWS_SECRET_ACCESS_KEY"]):
        assert git(shared, "status", "--porcelain") == ""
    history = git(origin, "log", "--all", "--patch")
    assert "s3://bucket/path" in history
    assert "  dropout: 0.3" in history  # Of the experiment.
    assert not [key for key in KEYS.values() if key in history]


def test_missing_credentials_are_reported(origin, shared, tmp_path, monkeypatch):
    for name in KEYS:
        monkeypatch.delenv(name)
    clone = clone_of(origin, tmp_path)
    fails_with("Unable to locate credentials", (shared, PUSH), (clone, PULL))


def test_refused_credentials_are_reported(origin, shared, server, tmp_path):
    clone = clone_of(origin, tmp_path)
    check_keys_after(server, "0")
    try:
        fails_with("Forbidden", (shared, PUSH), (clone, PULL))
    finally:
        check_keys_after(server, "inf")


def test_a_missing_bucket_is_reported(origin, shared, tmp_path):
    for folder, line in ((shared, PUSH), (clone_of(origin, tmp_path), PULL)):
        with local_config(folder, "url", "s3://bukcet/path"):
            fails_with("The specified bucket does not exist", (folder, line))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The address of an S3 server with an empty bucket, which all commands use."""
    moto = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    moto.start()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # no line per request
    address = "http://{}:{}".format(*moto.get_host_and_port())
    requests.put(f"{address}/bucket", timeout=9).raise_for_status()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
            patch.delenv(name, raising=False)
        here = {"AWS_ENDPOINT_URL": address, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        # Without the last one, the client asks the network for credentials, as on Amazon's hosts.
        for name, value in {**KEYS, **here, "AWS_EC2_METADATA_DISABLED": "true"}.items():
            patch.setenv(name, value)
        # No settings of this machine's user, and none of DVC's records of folders with equal names.
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path_factory.mktemp("site")))
        yield address
    moto.stop()


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    folder = tmp_path_factory.mktemp("origin.git")
    git(folder, "init", "--quiet", "--bare", "--initial-branch", "main")
    return folder


@pytest.fixture(scope="module")
def shared(server, origin, tmp_path_factory):
    """A repository with a run and an experiment, which it then shares."""
    folder = make_repository(tmp_path_factory.mktemp("shared"), "default", *SHRUNK)
    dvc(folder, "repro")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Run")
    dvc(folder, *LESS_DROPOUT, "before-the-remote")
    git(folder, "remote", "add", "origin", str(origin))
    git(folder, "config", "push.autoSetupRemote", "true")
    for line in (ADD_REMOTE, COMMIT, PUSH):
        sh(folder, line)
    return folder


@pytest.fixture(scope="module")
def experiment(shared):
    """DVC's output for an experiment that runs again now that there is a remote."""
    output = dvc(shared, *LESS_DROPOUT, "less-dropout")
    sh(shared, PUSH_EXPERIMENTS)
    return output


@pytest.fixture(scope="module")
def clone(shared, origin, tmp_path_factory):
    """A colleague's clone, with the keys in a file."""
    folder = clone_of(origin, tmp_path_factory.mktemp("clone"))
    home = tmp_path_factory.mktemp("colleague")
    (home / ".aws").mkdir()
    lines = [f"{name.lower()} = {value}" for name, value in KEYS.items()]
    (home / ".aws/credentials").write_text("\n".join(["[default]", *lines]))
    with pytest.MonkeyPatch.context() as patch:
        for name in KEYS:
            patch.delenv(name)
        patch.setenv("HOME", str(home))
        sh(folder, PULL)
    return folder


@pytest.fixture(scope="module")
def prediction(shared):
    return predict(shared, an_image(shared))


def check_keys_after(server: str, number: str) -> None:
    """Make the server check keys after this number of answers."""
    requests.post(f"{server}/moto-api/reset-auth", data=number, timeout=9).raise_for_status()


@contextlib.contextmanager
def local_config(folder: Path, option: str, value: str) -> Iterator[None]:
    """Give the remote another value, in the file that Git ignores."""
    dvc(folder, "remote", "modify", "--local", "storage", option, value)
    try:
        yield
    finally:
        (folder / ".dvc/config.local").unlink()


def fails_with(message: str, *commands: tuple[Path, str]) -> None:
    for folder, line in commands:
        output = sh(folder, line, fails=True)
        assert message in output
        assert "Traceback" not in output


def clone_of(origin: Path, parent: Path) -> Path:
    sh(parent, CLONE.replace("<this repository>", str(origin)))
    return parent / "convline"


def sh(folder: Path, line: str, *, fails: bool = False) -> str:
    """Run a line of the README; return what it printed."""
    result = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert (result.returncode != 0) == fails, result.stdout
    return result.stdout


def git(folder: Path, *arguments: str) -> str:
    return subprocess.check_output(
        ["git", *arguments], cwd=folder, env=environment(), text=True, errors="replace"
    )


def predict(folder: Path, file: Path) -> str:
    result = convline(folder, "predict", str(file))
    assert result.returncode == 0, result.stderr
    return result.stdout.removeprefix(str(file))


def an_image(folder: Path) -> Path:
    return min((folder / "data/organized/test").glob("*/*.png"))


def experiments(folder: Path) -> dict[str, dict[str, str]]:
    """Return what DVC shows of the last commit's experiments, by name."""
    rows = csv.DictReader(io.StringIO(dvc(folder, "exp", "show", "--csv")))
    return {row["Experiment"]: row for row in rows if row["Experiment"]}


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
