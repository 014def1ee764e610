"""A server that stands in for Kaggle: the real client reaches it as its HTTP proxy."""

import contextlib
import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMPETITIONS = "competitions.CompetitionApiService"
COMPETITION = f"{COMPETITIONS}/DownloadDataFiles"
START_UPLOAD = f"{COMPETITIONS}/StartSubmissionUpload"
SUBMIT = f"{COMPETITIONS}/CreateSubmission"
DATASET = "datasets.DatasetApiService/DownloadDataset"


class Kaggle(ThreadingHTTPServer):
    """Serves `archive` for every name, takes submissions; what goes wrong is set by the test.

    Attributes:
        archive: the bytes of the download.
        error: status and message that every request gets.
        refusal: status and message that a submission gets once its file is there.
        storage: status that the upload of a file gets.
        drop_after: close the first answer after so many bytes.
        hang_after: stop sending after so many bytes, and keep the connection open.
        claim: the Content-Length, if not the true one.
        asked: requests, (address, JSON).
        ranges: the Range headers of the requests for files, None where there is none.
        uploads: the bytes that came, by address.
    """

    daemon_threads = True

    def __init__(self, archive: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.archive = archive
        self.error: tuple[int, str] | None = None
        self.refusal: tuple[int, str] | None = None
        self.storage = 201
        self.drop_after: int | None = None
        self.hang_after: int | None = None
        self.claim: int | None = None
        self.asked: list[tuple[str, dict]] = []
        self.ranges: list[str | None] = []
        self.uploads: dict[str, bytes] = {}

    def environment(self, home) -> dict[str, str]:
        proxy = f"http://127.0.0.1:{self.server_port}"
        return {
            "HOME": str(home),
            "HTTP_PROXY": proxy,
            "http_proxy": proxy,
            "NO_PROXY": "",
            "no_proxy": "",
            "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
            "KAGGLE_USERNAME": "u",
            "KAGGLE_KEY": "secret-key",
        }


@contextlib.contextmanager
def serve(archive: bytes) -> Iterator[Kaggle]:
    with Kaggle(archive) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    server: Kaggle

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "IntrospectToken" in self.path:
            if self.server.hang_after == 0:
                return time.sleep(30)
            return self._json(200, {"active": False})
        self.server.asked.append((self.path, body))
        if self.server.error:
            code, message = self.server.error
            return self._json(code, {"code": code, "message": message})
        if not self.headers.get("Authorization") and COMPETITIONS in self.path:
            return self._json(401, {"code": 401, "message": "Unauthenticated"})
        if self.server.hang_after == 0:
            return time.sleep(30)
        if START_UPLOAD in self.path:
            self._json(200, {"token": "blob-1", "createUrl": "http://localhost/upload/blob-1"})
        elif SUBMIT in self.path:
            name = body["competitionName"]
            code, message = self.server.refusal or (200, f"Successfully submitted to {name}")
            self._json(code, {"code": code, "message": message, "ref": 7})
        else:
            self._redirect()
        return None

    def _redirect(self) -> None:
        self.send_response(302)
        self.send_header("Location", "http://localhost/files/archive.zip")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_PUT(self) -> None:
        self.server.uploads[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self._json(self.server.storage, {})

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        start = int(re.search(r"\d+", asked).group()) if asked else 0
        data = self.server.archive[start:]
        self.send_response(206 if asked else 200)
        self.send_header("Content-Type", "application/zip")
        self.send_header("Content-Length", str(self.server.claim or len(data)))
        self.send_header("Last-Modified", "Sat, 01 Mar 2025 10:00:00 GMT")
        self.send_header("ETag", '"one"')
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        drop, hang = self.server.drop_after, self.server.hang_after
        self.server.drop_after = None
        self.wfile.write(data[: drop or hang])
        self.wfile.flush()
        if hang:
            time.sleep(30)
        self.close_connection = True

    def _json(self, code: int, content: dict) -> None:
        body = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args) -> None:
        """Print no log of the requests."""
