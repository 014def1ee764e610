"""The real kaggle client through `dvc repro`, against a local server."""

import hashlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile

import pytest

from tests.commands import apply_preset, environment, make_repository, run_in
from tests.kaggle_server import COMPETITION, DATASET, serve

COMPETITION_PARAMS = ["download.kind=kaggle_competition", "download.name=dogs-vs-cats"]
CHUNK = 1 << 20  # What the client writes at a time.
RESUMED = f"bytes={2 * CHUNK}-"
NO_ACCOUNT = {"KAGGLE_USERNAME": "", "KAGGLE_KEY": ""}
XRAYS = "paultimothymooney/chest-xray-pneumonia"


def test_a_competition_comes_whole_and_with_its_provenance(repro, kaggle, folder):
    repro()
    source = json.loads((folder / "data/raw/source.json").read_text())
    assert source["kind"] == "kaggle_competition"
    assert source["name"] == "dogs-vs-cats"
    assert source["sha256"] == hashlib.sha256(kaggle.archive).hexdigest()
    assert (folder / "data/raw/dogs-vs-cats.zip").read_bytes() == kaggle.archive
    assert kaggle.asked == [
        (f"http://localhost/api/v1/{COMPETITION}", {"competitionName": "dogs-vs-cats"})
    ]
    assert not list(folder.glob("data/.partial-*"))


@pytest.mark.parametrize("version", [None, 3])
def test_a_data_set_is_asked_for_by_version(repro, kaggle, folder, version):
    name = f"{XRAYS}/{version}" if version else XRAYS
    repro("download.kind=kaggle_dataset", f"download.name={name}")
    (address, asked) = kaggle.asked[0]
    assert address.endswith(DATASET)
    assert asked["datasetSlug"] == "chest-xray-pneumonia"
    assert asked.get("datasetVersionNumber") == version
    source = json.loads((folder / "data/raw/source.json").read_text())
    assert source["version"] == (str(version) if version else None)


def test_a_public_data_set_needs_no_account(repro, kaggle, folder):
    repro("download.kind=kaggle_dataset", f"download.name={XRAYS}", env=NO_ACCOUNT)
    assert (folder / "data/raw/chest-xray-pneumonia.zip").read_bytes() == kaggle.archive


def test_a_dropped_connection_is_resumed(repro, kaggle, folder):
    kaggle.drop_after = 2_500_000
    repro()
    assert kaggle.ranges == [None, RESUMED]
    assert (folder / "data/raw/dogs-vs-cats.zip").read_bytes() == kaggle.archive


def test_a_killed_process_is_resumed(repro, kaggle, folder):
    interrupt(repro, kaggle, folder)
    repro()
    assert kaggle.ranges == [None, None, RESUMED]  # Both runs ask first, without a range.
    assert (folder / "data/raw/dogs-vs-cats.zip").read_bytes() == kaggle.archive


def test_another_name_never_sees_the_partial_file(repro, kaggle, folder):
    interrupt(repro, kaggle, folder)
    kaggle.archive = make_archive(seed=2)
    repro("download.kind=kaggle_competition", "download.name=another")
    assert kaggle.ranges == [None, None]
    assert (folder / "data/raw/another.zip").read_bytes() == kaggle.archive


def test_a_corrupt_archive_is_refused_and_downloaded_again(repro, kaggle, folder):
    whole = kaggle.archive
    middle = len(whole) // 2
    kaggle.archive = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    output = repro(fails=True)
    assert "dogs-vs-cats.zip cannot be read to its end" in output
    assert not (folder / "data/raw").exists()
    kaggle.archive = whole
    repro()
    assert kaggle.ranges == [None, None]


@pytest.mark.parametrize(
    ("status", "params", "message"),
    [
        (
            401,
            COMPETITION_PARAMS,
            "the credentials are missing or wrong (401). Create a token at https://www.kaggle.com",
        ),
        (403, COMPETITION_PARAMS, "https://www.kaggle.com/competitions/dogs-vs-cats/rules"),
        (404, COMPETITION_PARAMS, "nothing at https://www.kaggle.com/competitions/dogs-vs-cats"),
        (
            404,
            ["download.kind=kaggle_dataset", "download.name=nobody/nothing/2"],
            "nothing at https://www.kaggle.com/datasets/nobody/nothing",
        ),
        (429, COMPETITION_PARAMS, "too many requests (429)"),
        (503, COMPETITION_PARAMS, "answers with an error (503"),
    ],
)
def test_an_error_of_kaggle_is_one_message(repro, kaggle, folder, status, params, message):
    kaggle.error = (status, "Kaggle's own words")
    output = repro(*params, fails=True)
    assert message in output
    assert_clean(output, folder)


def test_no_credentials_is_one_message(repro, folder):
    output = repro(env=NO_ACCOUNT, fails=True)
    assert "the credentials are missing or wrong (401)" in output
    assert_clean(output, folder)


def test_an_inactive_token_is_reported(repro, folder):
    output = repro(env=NO_ACCOUNT | {"KAGGLE_API_TOKEN": "KGAT_dead"}, fails=True)
    assert "the token in KAGGLE_API_TOKEN is not active any more" in output
    assert "KGAT_dead" not in output
    assert_clean(output, folder)


def test_no_network_is_one_message(repro, folder):
    nobody = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    output = repro(env=nobody, fails=True)
    assert "Kaggle: it cannot be reached" in output
    assert_clean(output, folder)


@pytest.mark.parametrize("env", [{}, {"KAGGLE_API_TOKEN": "KGAT_some"}])
def test_a_server_that_stalls_is_one_message(kaggle, folder, tmp_path, env):
    kaggle.hang_after = 0
    code = (
        "from convline.sources import kaggle_client; kaggle_client.TIMEOUT = 1\n"
        "from stages import download; from convline.runtime.runner import run; run(download.main)"
    )
    start = time.monotonic()
    variables = environment() | kaggle.environment(tmp_path) | env
    result = run_in(folder, [sys.executable, "-c", code], variables)
    assert result.returncode == 1
    assert "it stopped in the middle" in result.stderr
    assert time.monotonic() - start < 20
    assert_clean(result.stderr, folder)


def test_a_disk_that_is_too_small_is_found_out_before_the_download(repro, kaggle, folder):
    kaggle.claim = 10**15
    output = repro(fails=True)
    assert "the disk is too full for the download: it needs 953,674,316 MiB" in output
    assert_clean(output, folder)


@pytest.fixture
def kaggle():
    with serve(make_archive(seed=1)) as server:
        yield server


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    return make_repository(tmp_path_factory.mktemp("kaggle"), "default", *COMPETITION_PARAMS)


@pytest.fixture
def folder(repository, tmp_path):
    """A copy of the repository in which nothing was run yet."""
    return shutil.copytree(repository, tmp_path / "repository")


@pytest.fixture
def repro(kaggle, folder, tmp_path):
    """Run `dvc repro download` with these params; return what it printed."""

    def run(*params, env=(), fails=False):
        if params:
            apply_preset(folder, "default", *params)
        result = start(kaggle, folder, tmp_path, dict(env)).communicate(timeout=60)[0]
        assert ("ERROR" in result) == fails, result
        assert "secret-key" not in result
        return result

    run.start = lambda: start(kaggle, folder, tmp_path, {})
    return run


def start(kaggle, folder, home, env) -> subprocess.Popen:
    merged = environment() | kaggle.environment(home) | env
    return subprocess.Popen(
        ["dvc", "repro", "download"],
        cwd=folder,
        env={name: value for name, value in merged.items() if value},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def interrupt(repro, kaggle, folder) -> None:
    """Kill dvc and the stage with SIGKILL after two chunks."""
    kaggle.hang_after = 2_500_000
    process = repro.start()
    partial = folder / "data/.partial-kaggle-competition-dogs-vs-cats/dogs-vs-cats.zip"
    deadline = time.monotonic() + 30
    while not (partial.exists() and partial.stat().st_size == 2 * CHUNK):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    kaggle.hang_after = None


def assert_clean(output, folder) -> None:
    assert "Traceback" not in output
    assert not (folder / "data/raw").exists()
    assert not (folder / "data/.partial-raw").exists()


def make_archive(seed: int) -> bytes:
    """A zip of 3,000,000 random bytes, stored."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("train/cat.0.jpg", random.Random(seed).randbytes(3_000_000))
    return buffer.getvalue()
