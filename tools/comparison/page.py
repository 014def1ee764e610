"""report/compare.html: the words of a review, and the plots of both sides one over the other."""

import re

from markdown_it import MarkdownIt
from markupsafe import Markup

from tools.comparison.review import Review
from tools.reporting.drawing import Plot
from tools.reporting.page import render


def page(review: Review, markdown: str, plots: list[Plot]) -> str:
    """The page; it loads nothing.

    Args:
        review: what was found.
        markdown: the words.
        plots: of the base and of the working folder, drawn over each other.
    """
    # No HTML is let through: names of params, files and branches are not ours.
    words = MarkdownIt("commonmark", {"html": False}).enable("table").render(unfolded(markdown))
    for tag, scrolling in (
        ("<table>", '<div class="scroll" tabindex="0"><table>'),
        ("</table>", "</table></div>"),
    ):
        words = words.replace(tag, scrolling)
    drawn = [{"title": plot.title, "svg": Markup(plot.svg)} for plot in plots]  # noqa: S704
    context = {"title": review.title, "words": Markup(words), "plots": drawn}  # noqa: S704
    return render("compare.html", {**context, "before": review.base.commit[:7]})


def unfolded(markdown: str) -> str:
    """The words without HTML's <details>, a heading in its place."""
    return re.sub(r"</?details>", "", re.sub(r"<summary>(.*?)</summary>", r"\n### \1", markdown))
