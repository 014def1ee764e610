"""The routes of `python -m tools.app`: one page, which is asked with a picture or an example."""

import asyncio
import re
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from PIL import Image

from stages.common import paths
from stages.common.images import FORMATS, BadImage
from tools.pages.rendering import from_markdown, render
from tools.serving.answers import Answer, answer, answer_file, thumbnail
from tools.serving.classifier import Classifier
from tools.serving.examples import Example

FORMATS_IN_WORDS = f"{', '.join(FORMATS[:-1])} and {FORMATS[-1]}"
SCRIPT = Path(__file__).with_name("app.js")
EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104 (asked for by name)
HEADERS = {
    # Pictures of people are nobody else's, and the browser's cache would keep them.
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "script-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# What browsers say of a form of the page itself; other programs say nothing.
OURS = {"same-origin", "none", None}
FORM = 1 << 16  # bytes of a form beside its picture
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
    page = Page(classifier, examples, megabytes)
    app = web.Application(
        client_max_size=megabytes * 1_000_000 + FORM,
        middlewares=[_guard(None if host in EVERYWHERE else {host, "localhost"})],
    )
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
        self.examples = examples
        self.thumbnails = [thumbnail(example.image) for example in examples]
        self.megabytes = megabytes
        self.card = _card()
        # TensorFlow uses all cores for one image already.
        self._one_at_a_time = asyncio.Lock()

    async def show(self, request: web.Request) -> web.Response:
        """The page, or what the model says of an example: `?example=3`."""
        number = request.query.get("example")
        if number is None:
            return self._page()
        if not number.isdecimal() or int(number) >= len(self.examples):
            return self._problem(HTTPStatus.NOT_FOUND, f"There is no example '{number}'.")
        example = self.examples[int(number)]
        said = await self._ask(answer, example.image, Image.fromarray(example.image))
        return self._page(answer=said, name=example.key, truth=example.truth)

    async def classify(self, request: web.Request) -> web.Response:
        """What the model says of a picture that was sent."""
        try:
            form = await request.post()
        except web.HTTPRequestEntityTooLarge:
            return self._problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"That file has more than {self.megabytes} MB; send a smaller one.",
            )
        file = form.get("picture")
        if not isinstance(file, web.FileField) or not file.filename:
            return self._problem(HTTPStatus.BAD_REQUEST, "No picture was chosen.")
        with file.file:
            data = file.file.read()
        try:
            said = await self._ask(answer_file, data)
        except BadImage as error:
            why = f"{file.filename} cannot be read: {error}. It takes {FORMATS_IN_WORDS}."
            return self._problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, why)
        return self._page(answer=said, name=file.filename)

    async def _ask(self, ask: Callable[..., Answer], *image: Any) -> Answer:
        async with self._one_at_a_time:
            return await asyncio.to_thread(ask, self.classifier, *image)

    def _problem(self, status: HTTPStatus, words: str) -> web.Response:
        return self._page(status, problem=words)

    def _page(self, status: HTTPStatus = HTTPStatus.OK, **shown: Any) -> web.Response:
        context = {
            "classes": self.classifier.classes,
            "examples": list(zip(self.examples, self.thumbnails, strict=True)),
            "megabytes": self.megabytes,
            "formats": FORMATS_IN_WORDS,
            "card": self.card,
        }
        text = render("app.html", {**NOTHING, **context, **shown})
        return web.Response(text=text, status=status, content_type="text/html")


def _guard(hosts: set[str] | None) -> Middleware:
    """Let no other web site use the model through the browser of who opened it.

    Args:
        hosts: names by which the page is asked for; None: by any, since others may.
    """

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        # A site may have its own name lead to 127.0.0.1 and then read what is there ("DNS
        # rebinding"), or send a form there.
        host = urlsplit(f"//{request.host}").hostname
        if hosts and host not in hosts:
            raise web.HTTPForbidden(text=f"This page is not called '{host}' here.")
        if request.method == "POST" and request.headers.get("Sec-Fetch-Site") not in OURS:
            raise web.HTTPForbidden(text="Another site cannot send pictures here.")
        response = await handler(request)
        response.headers.update(HEADERS)
        return response

    return guard


async def _script(_: web.Request) -> web.FileResponse:
    return web.FileResponse(SCRIPT)


def _card() -> Any:
    """The model's card, without its title; empty where evaluate left none."""
    if not paths.MODEL_CARD.is_file():
        return ""
    words = paths.MODEL_CARD.read_text(encoding="utf-8")
    return from_markdown(re.sub(r"\A# .*\n", "", words))
