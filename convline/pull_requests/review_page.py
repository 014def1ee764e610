"""report/compare.html: the text of a review and the plots of both commits, one over the other."""

import re

from markupsafe import Markup

from convline.pull_requests.review_markdown import Review
from convline.reporting.html import from_markdown, render
from convline.reporting.svg_plots import Plot


def render_page(review: Review, markdown: str, plots: list[Plot]) -> str:
    """Return the page as HTML; it loads nothing from elsewhere.

    Args:
        review: result of the comparison.
        markdown: its text.
        plots: plots that show the base and the working folder together.
    """
    drawn = [{"title": plot.title, "svg": Markup(plot.svg)} for plot in plots]  # noqa: S704
    context = {"title": review.title, "words": from_markdown(unfold(markdown)), "plots": drawn}
    return render("compare.html", {**context, "before": review.base.commit[:7]})


def unfold(markdown: str) -> str:
    """Return the text with a heading in place of each HTML <details> element."""
    return re.sub(r"</?details>", "", re.sub(r"<summary>(.*?)</summary>", r"\n### \1", markdown))
