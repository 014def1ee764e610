"""report/compare.html: the words of a review, and the plots of both sides one over the other."""

import re

from markupsafe import Markup

from convline.pull_requests.review_text import Review
from convline.reporting.html import from_markdown, render
from convline.reporting.svg_plots import Plot


def page(review: Review, markdown: str, plots: list[Plot]) -> str:
    """The page; it loads nothing.

    Args:
        review: what was found.
        markdown: the words.
        plots: of the base and of the working folder, drawn over each other.
    """
    drawn = [{"title": plot.title, "svg": Markup(plot.svg)} for plot in plots]  # noqa: S704
    context = {"title": review.title, "words": from_markdown(unfolded(markdown)), "plots": drawn}
    return render("compare.html", {**context, "before": review.base.commit[:7]})


def unfolded(markdown: str) -> str:
    """The words without HTML's <details>, a heading in its place."""
    return re.sub(r"</?details>", "", re.sub(r"<summary>(.*?)</summary>", r"\n### \1", markdown))
