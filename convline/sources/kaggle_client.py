"""Download with Kaggle's client, with time-outs and one clear message per kind of failure."""

import contextlib
import io
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from tqdm import tqdm
from urllib3.util import Retry

from convline.runtime import paths
from convline.runtime.errors import UserError

TOKEN_PAGE = "https://www.kaggle.com/settings/api"  # noqa: S105 (a page, not a token)
# Seconds without a byte after which a server counts as stalled; the client itself never times out.
TIMEOUT = 60


def download(page: str, key: str, into: Path, request: Callable[[Any, str], None]) -> Path:
    """Download one archive and return its path; resume what an earlier run left unfinished.

    Args:
        page: the address of the data on Kaggle, for messages.
        key: identifies the data and its version; each key has a partial file of its own.
        into: folder to which the complete archive is moved.
        request: calls the client, its first argument, with a folder for its files.

    Raises:
        UserError: the credentials, rules, name, network or disk are the problem.
    """
    # Outside data/raw, which DVC empties before each run; ignored by Git and DVC.
    folder = paths.RAW.parent / f".partial-kaggle-{key}"
    folder.mkdir(parents=True, exist_ok=True)
    kept = "The partial file is kept: run the same command again to continue"
    with connect(page, "download it", kept) as client:
        request(client, str(folder))
    (archive,) = (file for file in folder.iterdir() if not file.name.endswith(".kaggle-partial"))
    target = shutil.move(archive, into / archive.name)
    shutil.rmtree(folder)
    return Path(target)


@contextlib.contextmanager
def connect(page: str, purpose: str, afterwards: str) -> Iterator[Any]:
    """Yield the client, signed in if there is an account.

    Args:
        page: the address of the data or competition on Kaggle, for messages.
        purpose: what requires that the rules are accepted, such as `download it`.
        afterwards: what to do after a failure of the network.

    Raises:
        UserError: the credentials, rules, name or network are the problem.
    """
    with _messages(page, purpose, afterwards):
        yield _authenticated_client()


def _authenticated_client() -> Any:
    _import_kaggle()
    from kaggle.api.kaggle_api_extended import KaggleApi, ResumableUploadResult  # noqa: PLC0415
    from kagglesdk import get_access_token_from_env  # noqa: PLC0415

    class Client(KaggleApi):
        def build_kaggle_client(self) -> Any:
            """Build the client that sends all requests except downloads and uploads of files."""
            client = super().build_kaggle_client()
            with client.http_client() as http:
                _set_timeout(http._session)
            return client

        def download_file(
            self, response: Any, outfile: str, http_client: Any, *_: Any, **__: Any
        ) -> None:
            """Download a file; if the disk is too full, fail at once instead of after six tries."""
            _refuse_full_disk(int(response.headers.get("Content-Length", 0)), Path(outfile))
            quiet = not sys.stderr.isatty()
            super().download_file(
                response, outfile, http_client, quiet, resume=True, timeout=TIMEOUT
            )

        def upload_complete(self, path: str, url: str, quiet: bool, *_: Any, **__: Any) -> Any:
            """Upload a file as the overridden method does, but with a time-out."""
            size = Path(path).stat().st_size
            session = _set_timeout(requests.Session(), Retry(total=10, backoff_factor=0.5))
            with (
                Path(path).open("rb") as file,
                tqdm.wrapattr(file, "read", size, disable=quiet) as data,
            ):
                uploaded = session.put(url, data=data).ok
            return ResumableUploadResult.COMPLETE if uploaded else ResumableUploadResult.FAILED

    client = Client()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            client.authenticate()
    except SystemExit:
        token, source = get_access_token_from_env()
        if token:
            why = f"the token in {source} is not active any more"
            raise UserError(f"Kaggle: {why}. Create a new one at {TOKEN_PAGE}") from None
        # Public data sets need no account; Kaggle answers 401 or 403 to everything that does.
    return client


def _import_kaggle() -> None:
    """Import the package, which signs in while it is imported, without a time-out.

    Without credentials it prints 18 lines of help, which are dropped, and continues.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        importing = threading.Thread(target=import_module, args=["kaggle"], daemon=True)
        importing.start()
        importing.join(TIMEOUT)
    if importing.is_alive():
        raise requests.Timeout(f"no answer in {TIMEOUT} s")


class _Adapter(HTTPAdapter):
    """Set a time-out of `TIMEOUT` seconds for requests that have none."""

    def send(self, request: Any, *, timeout: Any = None, **settings: Any) -> Any:  # type: ignore[override]
        return super().send(request, timeout=timeout or TIMEOUT, **settings)


def _set_timeout(session: requests.Session, retries: Retry | int = 0) -> requests.Session:
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(max_retries=retries))
    return session


def _refuse_full_disk(size: int, outfile: Path) -> None:
    there = outfile.stat().st_size if outfile.exists() else 0
    free = shutil.disk_usage(outfile.parent).free
    if size - there > free:
        need = f"it needs {(size - there) / 2**20:,.0f} MiB, and {free / 2**20:,.0f} MiB are free"
        raise UserError(f"the disk is too full for the download: {need}")


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
    account = f"Create a token at {TOKEN_PAGE} and save it in ~/.kaggle/access_token"
    if status == requests.codes.unauthorized:
        return f"the credentials are missing or wrong (401). {account}"
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
