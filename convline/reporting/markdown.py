"""Markdown that people read on GitHub, GitLab and in `models/README.md`."""

import re


def table(header: list[str], rows: list[list[str]]) -> str:
    """A table, its first column to the left and the others to the right."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [header, rule, *rows])


def text(words: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", words.replace("\n", " "))


def code(words: str) -> str:
    """Words as code, in which a backquote would end it, and a bar the cell of a table around it."""
    for mark, instead in (("|", "\\|"), ("`", "'"), ("\n", " ")):
        words = words.replace(mark, instead)
    return f"`{words}`"
