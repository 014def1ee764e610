"""Sending a submission with the real kaggle client: errors of Kaggle and of the network."""

import sys

import pytest

from tests.commands import REPOSITORY, environment, run_in
from tests.kaggle_server import serve

NO_ACCOUNT = {"KAGGLE_USERNAME": "", "KAGGLE_KEY": ""}


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "it refuses this (400: Kaggle's own words)"),
        (
            401,
            "the credentials are missing or wrong (401). Create a token at https://www.kaggle.com",
        ),
        (403, "this account may not submit to it (403: Kaggle's own words). Open https://www.kagg"),
        (404, "nothing at https://www.kaggle.com/competitions/cactus"),
        (429, "too many requests (429)"),
    ],
)
def test_an_error_from_kaggle_is_one_message(kaggle, send, status, message):
    kaggle.error = (status, "Kaggle's own words")
    assert message in send()
    assert not kaggle.uploads


def test_a_file_that_kaggle_refuses_is_one_message(kaggle, send):
    kaggle.refusal = (400, "You have used your 5 submissions of today")
    assert "it refuses this (400: You have used your 5 submissions of today)" in send()
    assert kaggle.uploads


def test_an_upload_that_fails_is_one_message(kaggle, send):
    kaggle.storage = 412
    assert "the upload failed (the storage refused the file). mine.csv is kept" in send()
    assert len(kaggle.asked) == 1


def test_missing_credentials_are_one_message(send):
    assert "the credentials are missing or wrong (401)" in send(NO_ACCOUNT)


def test_a_missing_network_is_one_message(send):
    nobody = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    message = send(nobody)
    assert "Kaggle: it cannot be reached" in message
    assert "mine.csv is kept: run the same command again" in message


@pytest.fixture
def kaggle():
    with serve(b"") as server:
        yield server


@pytest.fixture
def send(kaggle, tmp_path):
    """Send a file without a model and return the error message."""

    def run(env=()):
        (tmp_path / "mine.csv").write_text("id,label\n1,0\n")
        code = (
            "from pathlib import Path; from convline.runtime.runner import run\n"
            "from convline.submitting.kaggle_upload import Submission\n"
            "run(Submission(Path('mine.csv'), 'cactus', 'convline abc: scratch').send)"
        )
        merged = environment() | kaggle.environment(tmp_path) | dict(env)
        variables = {name: value for name, value in merged.items() if value}
        variables["PYTHONPATH"] = str(REPOSITORY)
        result = run_in(tmp_path, [sys.executable, "-c", code], variables)
        assert result.returncode == 1
        assert "Traceback" not in result.stderr
        return result.stderr

    return run
