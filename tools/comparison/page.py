"""report/compare.html: the words of a review, and the plots of both sides one over the other."""

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
    # HTML is let through for <details>; names that are not ours stand in code, which is escaped.
    words = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    for tag, scrolling in (
        ("<table>", '<div class="scroll" tabindex="0"><table>'),
        ("</table>", "</table></div>"),
    ):
        words = words.replace(tag, scrolling)
    drawn = [{"title": plot.title, "svg": Markup(plot.svg)} for plot in plots]  # noqa: S704
    context = {"title": review.title, "words": Markup(words), "plots": drawn}  # noqa: S704
    return render("compare.html", {**context, "before": review.base.commit[:7]})
