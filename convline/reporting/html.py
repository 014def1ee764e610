"""Render pages from `templates/`; `page.html` is the frame of all."""

import base64
from pathlib import Path
from typing import Any

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup

TEMPLATES = Path(__file__).with_name("templates")


def render(template: str, context: dict[str, Any]) -> str:
    """Render a page; values of `context` are escaped unless they are of type Markup."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(context)


def from_markdown(words: str) -> Markup:
    """Render Markdown as HTML, with tables in boxes that scroll.

    HTML in it is escaped: names of classes, params, files and branches come from users.
    """
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(words)
    for tag, scrolling in (
        ("<table>", '<div class="scroll" tabindex="0"><table>'),
        ("</table>", "</table></div>"),
    ):
        html = html.replace(tag, scrolling)
    return Markup(html)  # noqa: S704


def data_uri(data: bytes, kind: str) -> str:
    """Return a data URI, which embeds a picture in the page.

    Args:
        data: content of the file.
        kind: `png`, `jpeg` or `gif`.
    """
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
