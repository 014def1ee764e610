"""The real kaggle client, and one clear message for each thing that goes wrong with it."""

import contextlib
import io
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import requests

from convline.runtime import paths
from convline.runtime.errors import UserError

TOKEN_PAGE = "https://www.kaggle.com/settings/api"  # noqa: S105 (a page, no token)
# Seconds without a byte before a server counts as stalled; the client waits for ever by itself.
TIMEOUT = 60


def download(page: str, key: str, into: Path, request: Callable[[Any, str], None]) -> Path:
    """Have the client download one archive, resuming what an earlier run left unfinished.

    Args:
        page: the address of the data on Kaggle, for messages.
        key: which data, version included; another key never sees this one's partial file.
        into: folder that the archive is moved to when it is whole.
        request: calls the client, given as first argument, with a folder for its files.

    Returns:
        The archive.

    Raises:
        UserError: credentials, rules, name, network or disk: what is wrong and what to do.
    """
    # Outside data/raw, which DVC empties before each run; ignored by Git and DVC.
    folder = paths.RAW.parent / f".partial-kaggle-{key}"
    folder.mkdir(parents=True, exist_ok=True)
    kept = "What has come is kept: run the same command again, and it goes on from there"
    with connect(page, "download it", kept) as client:
        request(client, str(folder))
    (archive,) = (file for file in folder.iterdir() if not file.name.endswith(".kaggle-partial"))
    target = shutil.move(archive, into / archive.name)
    shutil.rmtree(folder)
    return Path(target)


@contextlib.contextmanager
def connect(page: str, purpose: str, afterwards: str) -> Iterator[Any]:
    """Yield the client, signed in where there is an account; in the block, it never waits for ever.

    Args:
        page: the address on Kaggle of what it is about, for messages.
        purpose: what an account may not do that did not accept the rules, as `download it`.
        afterwards: what is left, and to do, when the network fails.

    Raises:
        UserError: credentials, rules, name or network: what is wrong and what to do.
    """
    with _messages(page, purpose, afterwards), _patience():
        yield _authenticated_client()


def _authenticated_client() -> Any:
    # The import itself authenticates; without credentials it prints 18 lines of help and goes on.
    with contextlib.redirect_stdout(io.StringIO()):
        from kaggle.api.kaggle_api_extended import KaggleApi  # noqa: PLC0415
        from kagglesdk import get_access_token_from_env  # noqa: PLC0415

    class Client(KaggleApi):
        def download_file(
            self, response: Any, outfile: str, http_client: Any, *_: Any, **__: Any
        ) -> None:
            """Refuse at once what the disk cannot hold: the client would try six times."""
            _refuse_full_disk(int(response.headers.get("Content-Length", 0)), Path(outfile))
            quiet = not sys.stderr.isatty()
            super().download_file(
                response, outfile, http_client, quiet, resume=True, timeout=TIMEOUT
            )

    client = Client()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            client.authenticate()
    except SystemExit:
        token, source = get_access_token_from_env()
        if token:
            why = f"the token in {source} is not active any more"
            raise UserError(f"Kaggle: {why}. Make a new one at {TOKEN_PAGE}") from None
        # Public data sets need no account; whatever does is answered with 401 or 403.
    return client


def _refuse_full_disk(size: int, outfile: Path) -> None:
    there = outfile.stat().st_size if outfile.exists() else 0
    free = shutil.disk_usage(outfile.parent).free
    if size - there > free:
        need = f"{(size - there) / 2**20:,.0f} MiB are to come and {free / 2**20:,.0f} MiB are free"
        raise UserError(f"the disk is too full for the download: {need}")


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    """Give a timeout to the requests that the client sends without one."""
    send = requests.Session.send

    def send_with_timeout(self: Any, request: Any, **settings: Any) -> Any:
        settings["timeout"] = settings.get("timeout") or TIMEOUT
        return send(self, request, **settings)

    with mock.patch.object(requests.Session, "send", send_with_timeout):
        yield


@contextlib.contextmanager
def _messages(page: str, purpose: str, afterwards: str) -> Iterator[None]:
    try:
        yield
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else None
        raise UserError(f"Kaggle: {_explain(status, page, purpose, error)}") from error
    except (requests.ConnectionError, requests.Timeout, ValueError) as error:
        why = "it cannot be reached, or it stopped in the middle"
        raise UserError(f"Kaggle: {why} ({error}). {afterwards}") from error


def _explain(status: int | None, page: str, purpose: str, error: requests.HTTPError) -> str:
    account = f"Make a token at {TOKEN_PAGE} and put it into ~/.kaggle/access_token"
    if status == requests.codes.unauthorized:
        return f"it does not know you (401). {account}; an old one may have been revoked"
    if status == requests.codes.forbidden:
        rules = f"{page}/rules" if "/competitions/" in page else page
        accept = f"Open {rules}, signed in, and accept the rules or the licence; then run again"
        return f"this account may not {purpose} (403: {error}). {accept}. Without one: {account}"
    if status == requests.codes.not_found:
        return f"there is nothing at {page} (404). Compare download.name with the page's address"
    if status == requests.codes.bad_request:
        return f"it refuses this (400: {error})"
    if status == requests.codes.too_many_requests:
        return "too many requests (429). Wait some minutes, then run again"
    return f"it answers with an error ({status}: {error}). Run again later"
