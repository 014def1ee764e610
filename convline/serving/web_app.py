"""The routes of `convline app`: one page, which is asked with a picture or an example."""

import asyncio
import ipaddress
import re
import socket
import warnings
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import BadContentDispositionHeader, BodyPartReader, web
from aiohttp.http import HttpProcessingError
from aiohttp.typedefs import Handler
from PIL import Image

from convline.images.decoding import FORMATS, BadImage
from convline.reporting.html import from_markdown, render
from convline.runtime import paths
from convline.serving.loaded_classifier import Classifier
from convline.serving.prediction_view import Answer, answer, answer_file, thumbnail
from convline.serving.test_examples import Example

HOSTS = web.AppKey("hosts", set[str])
HERE = socket.gethostname().lower()
SCRIPT = Path(__file__).with_name("app.js")
HEADERS = {
    # Pictures of people are nobody else's, and the browser's cache would keep them.
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "script-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
FORMATS_IN_WORDS = f"{', '.join(FORMATS[:-1])} and {FORMATS[-1]}"
# Resizing takes 40 bytes a pixel: of so many, 1.0 GB. JPEGs are decoded at a part of their size, so
# that those of any phone stay far below.
MAX_PIXELS = 25_000_000
PATIENCE = 60  # seconds for one upload
NOTHING = {"answer": None, "problem": None, "name": "", "truth": None}


def application(
    classifier: Classifier, examples: list[Example], megabytes: int, host: str
) -> web.Application:
    """The web application.

    Args:
        classifier: the model.
        examples: of the test split.
        megabytes: the largest file that is taken.
        host: the address it listens on.
    """
    # A form that is none is told to who sent it.
    warnings.simplefilter("ignore", BadContentDispositionHeader)
    page = Page(classifier, examples, megabytes)
    app = web.Application(middlewares=[_only_itself])
    app[HOSTS] = {host.lower(), "localhost", HERE, f"{HERE}.local"}
    app.on_response_prepare.append(_add_headers)
    app.add_routes(
        [
            web.get("/", page.show),
            web.post("/", page.classify),
            web.get("/app.js", _script),
        ]
    )
    return app


class Page:
    """The page, with a model behind it."""

    def __init__(self, classifier: Classifier, examples: list[Example], megabytes: int) -> None:
        self.classifier = classifier
        self.examples = {str(i): example for i, example in enumerate(examples)}
        self.thumbnails = [(example, thumbnail(example.image)) for example in examples]
        self.megabytes = megabytes
        self.card = _card()
        # TensorFlow uses all cores for one image already, and memory is for one at a time.
        self._one_at_a_time = asyncio.Lock()

    async def show(self, request: web.Request) -> web.Response:
        """The page, or what the model says of an example: `?example=3`."""
        number = request.query.get("example")
        if number is None:
            return self._page()
        example = self.examples.get(number)
        if example is None:
            return self._problem(HTTPStatus.NOT_FOUND, "There is no such example.")
        said = await self._ask(answer, example.image, Image.fromarray(example.image))
        return self._page(answer=said, name=example.key, truth=example.truth)

    async def classify(self, request: web.Request) -> web.Response:
        """What the model says of a picture that was sent."""
        try:
            async with asyncio.timeout(PATIENCE):
                name, data = await _read_picture(request, self.megabytes * 1_000_000)
        except _TooLargeError:
            why = f"That file has more than {self.megabytes} MB; send a smaller one."
            return self._problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, why)
        except TimeoutError:
            why = f"That picture took more than {PATIENCE} seconds to arrive."
            return self._problem(HTTPStatus.REQUEST_TIMEOUT, why)
        except ConnectionResetError:
            raise web.HTTPBadRequest from None  # for nobody: who sent it is gone
        except (ValueError, LookupError, HttpProcessingError):
            return self._problem(HTTPStatus.BAD_REQUEST, "That is no form with a picture.")
        if not name:
            return self._problem(HTTPStatus.BAD_REQUEST, "No picture was chosen.")
        try:
            said = await self._ask(answer_file, data, max_pixels=MAX_PIXELS)
        except BadImage as error:
            why = f"{name} cannot be read: {error}. It takes {FORMATS_IN_WORDS}."
            return self._problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, why)
        return self._page(answer=said, name=name)

    async def _ask(self, ask: Callable[..., Answer], *image: Any, **options: Any) -> Answer:
        async with self._one_at_a_time:
            return await asyncio.to_thread(ask, self.classifier, *image, **options)

    def _problem(self, status: HTTPStatus, words: str) -> web.Response:
        return self._page(status, problem=words)

    def _page(self, status: HTTPStatus = HTTPStatus.OK, **shown: Any) -> web.Response:
        context = {
            "classes": self.classifier.classes,
            "examples": self.thumbnails,
            "megabytes": self.megabytes,
            "formats": FORMATS_IN_WORDS,
            "card": self.card,
        }
        text = render("app.html", {**NOTHING, **context, **shown})
        return web.Response(text=text, status=status, content_type="text/html")


class _TooLargeError(Exception):
    pass


async def _read_picture(request: web.Request, most: int) -> tuple[str, bytes]:
    """The name and the bytes of the form's picture; two empty ones where there is none.

    aiohttp's own `request.post()` writes what is larger than 1 MiB to a file.

    Raises:
        _TooLargeError: it has more than `most` bytes.
        ValueError, LookupError, HttpProcessingError: it is no form.
        ConnectionResetError: who sent it is gone.
    """
    if request.content_type != "multipart/form-data":
        return "", b""
    parts = await request.multipart()
    while part := await parts.next():
        if isinstance(part, BodyPartReader) and part.name == "picture":
            data = bytearray()
            while chunk := await part.read_chunk(1 << 16):
                data += chunk
                if len(data) > most:
                    raise _TooLargeError
            return part.filename or "", bytes(data)
    return "", b""


@web.middleware
async def _only_itself(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let no other web site use the model through the browser of who opened this page."""
    try:
        host = urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        host = ""
    # A site may have its own name lead to this machine and then read what is there ("DNS
    # rebinding"); a number is no such name.
    if host not in request.app[HOSTS] and not _is_number(host):
        raise web.HTTPForbidden(text=f"This page is not called '{host}' here.")
    # Or it may send a form here; browsers say where a form comes from.
    origin = request.headers.get("Origin")
    if request.method == "POST" and origin and urlsplit(origin).netloc != request.host:
        raise web.HTTPForbidden(text="Another site cannot send pictures here.")
    return await handler(request)


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


async def _script(_: web.Request) -> web.FileResponse:
    return web.FileResponse(SCRIPT)


def _card() -> Any:
    """The model's card as a part of the page, without its title; empty where there is none."""
    if not paths.MODEL_CARD.is_file():
        return ""
    words = re.sub(r"\A# .*\n", "", paths.MODEL_CARD.read_text(encoding="utf-8"))
    return from_markdown(re.sub("^## ", "### ", words, flags=re.MULTILINE))
