"""Serve the page of `convline app`: it classifies an uploaded picture or an example."""

import asyncio
import ipaddress
import re
import socket
import warnings
from collections.abc import Callable, Collection
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import BadContentDispositionHeader, BodyPartReader, web
from aiohttp.http import HttpProcessingError
from aiohttp.typedefs import Handler
from PIL import Image

from convline.images.decoding import BadImage
from convline.images.image_formats import formats_in_words, image_endings
from convline.reporting.html import from_markdown, render
from convline.runtime import paths
from convline.serving.example_images import Example
from convline.serving.loaded_classifier import Classifier
from convline.serving.prediction_view import (
    PredictionView,
    predict_file,
    predict_image,
    thumbnail,
)

HOSTS = web.AppKey("hosts", set[str])
ALLOWED = web.AppKey("allowed", frozenset[str])
HERE = socket.gethostname().lower()
SCRIPT = Path(__file__).with_name("app.js")
HEADERS = {
    # Keeps uploaded pictures, which may show people, out of the browser's cache.
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "script-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
# Resizing needs 40 bytes per pixel, 1.0 GB for this number. Photographs of phones stay far below:
# large JPEGs are decoded at a half to an eighth of their size.
MAX_PIXELS = 25_000_000
UPLOAD_SECONDS = 60
EMPTY_PAGE = {"prediction": None, "problem": None, "name": "", "truth": None}


def application(
    classifier: Classifier,
    examples: list[Example],
    megabytes: int,
    host: str,
    allowed: Collection[str] = (),
) -> web.Application:
    """Build the web application.

    Args:
        classifier: the model.
        examples: images of the test split.
        megabytes: largest accepted upload, in MB.
        host: the address to listen on.
        allowed: more names of this server, in lower case, such as that of a proxy before it.
    """
    # The sender of a malformed form gets a message on the page; the log needs no warning.
    warnings.simplefilter("ignore", BadContentDispositionHeader)
    page = Page(classifier, examples, megabytes)
    app = web.Application(middlewares=[_refuse_other_sites])
    app[ALLOWED] = frozenset(allowed)
    app[HOSTS] = {host.lower(), "localhost", HERE, f"{HERE}.local", *allowed}
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
    """The handlers of the page, with the model that they use."""

    def __init__(self, classifier: Classifier, examples: list[Example], megabytes: int) -> None:
        self.classifier = classifier
        self.examples = {str(i): example for i, example in enumerate(examples)}
        self.thumbnails = [(example, thumbnail(example.image)) for example in examples]
        self.megabytes = megabytes
        self.card = _card()
        # TensorFlow uses all cores for one image, and MAX_PIXELS limits the memory of one image.
        self._one_at_a_time = asyncio.Lock()

    async def show(self, request: web.Request) -> web.Response:
        """Show the page, with the prediction for an example if the query is `?example=3`."""
        number = request.query.get("example")
        if number is None:
            return self._page()
        example = self.examples.get(number)
        if example is None:
            return self._problem(HTTPStatus.NOT_FOUND, "This example does not exist.")
        picture = Image.fromarray(example.image)
        prediction = await self._predict(predict_image, example.image, picture)
        return self._page(prediction=prediction, name=example.key, truth=example.truth)

    async def classify(self, request: web.Request) -> web.Response:
        """Show the prediction for an uploaded picture."""
        try:
            async with asyncio.timeout(UPLOAD_SECONDS):
                name, data = await _read_picture(request, self.megabytes * 1_000_000)
        except _TooLargeError:
            why = f"The file is larger than {self.megabytes} MB; send a smaller one."
            return self._problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, why)
        except TimeoutError:
            why = f"The upload took longer than {UPLOAD_SECONDS} seconds; try again."
            return self._problem(HTTPStatus.REQUEST_TIMEOUT, why)
        except ConnectionResetError:
            raise web.HTTPBadRequest from None  # the sender has disconnected
        except (ValueError, LookupError, HttpProcessingError):
            return self._problem(
                HTTPStatus.BAD_REQUEST, "The request is not a form with a picture."
            )
        if not name:
            return self._problem(HTTPStatus.BAD_REQUEST, "No picture was chosen.")
        try:
            prediction = await self._predict(predict_file, data, name, max_pixels=MAX_PIXELS)
        except BadImage as error:
            why = f"{name} cannot be read: {error}. Supported formats: {formats_in_words()}."
            return self._problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, why)
        return self._page(prediction=prediction, name=name)

    async def _predict(
        self, predict: Callable[..., PredictionView], *image: Any, **options: Any
    ) -> PredictionView:
        async with self._one_at_a_time:
            return await asyncio.to_thread(predict, self.classifier, *image, **options)

    def _problem(self, status: HTTPStatus, words: str) -> web.Response:
        return self._page(status, problem=words)

    def _page(self, status: HTTPStatus = HTTPStatus.OK, **shown: Any) -> web.Response:
        context = {
            "classes": self.classifier.classes,
            "examples": self.thumbnails,
            "megabytes": self.megabytes,
            "formats": formats_in_words(),
            "accept": ",".join(["image/*", *sorted(image_endings())]),
            "card": self.card,
        }
        text = render("app.html", {**EMPTY_PAGE, **context, **shown})
        return web.Response(text=text, status=status, content_type="text/html")


class _TooLargeError(Exception):
    pass


async def _read_picture(request: web.Request, most: int) -> tuple[str, bytes]:
    """Return the name and the bytes of the form's picture; both are empty if none was sent.

    aiohttp's own `request.post()` would write uploads larger than 1 MiB to a file.

    Raises:
        _TooLargeError: the picture has more than `most` bytes.
        ValueError, LookupError, HttpProcessingError: the request is not a valid form.
        ConnectionResetError: the sender has disconnected.
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
async def _refuse_other_sites(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse requests that another web site sends through the user's browser."""
    host = _host_name(f"//{request.host}")
    # A site may point its own host name at this machine and then read the page ("DNS rebinding");
    # an IP address cannot be used in this way.
    if host not in request.app[HOSTS] and not _is_number(host):
        why = f"This server does not answer to the name '{host}'."
        raise web.HTTPForbidden(text=f"{why} To allow it, {_advice(host)}")
    # Or it may post a form; browsers send the origin of a form.
    origin = request.headers.get("Origin")
    if request.method == "POST" and origin and not _is_own(origin, request):
        why = "Pictures from other sites are refused."
        advice = f"If {origin} is the address of this page, {_advice(_host_name(origin))}"
        raise web.HTTPForbidden(text=f"{why} {advice}")
    return await handler(request)


def _is_own(origin: str, request: web.Request) -> bool:
    """Return True for the page's own origin, also behind a proxy that replaces the Host header."""
    return _host_name(origin) in request.app[ALLOWED] or urlsplit(origin).netloc == request.host


def _host_name(address: str) -> str:
    """Return the host in lower case without a port; empty if the address is not valid."""
    try:
        return (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _advice(host: str) -> str:
    return f"start it with: convline app --allow-host {host or 'NAME'}"


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
    """Return the model card as HTML for the page, without its title; empty if it is missing."""
    if not paths.MODEL_CARD.is_file():
        return ""
    words = re.sub(r"\A# .*\n", "", paths.MODEL_CARD.read_text(encoding="utf-8"))
    return from_markdown(re.sub("^## ", "### ", words, flags=re.MULTILINE))
