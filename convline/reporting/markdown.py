"""Write Markdown for GitHub, GitLab and `models/README.md`."""

import re


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a table with its first column aligned left and the others right."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [header, rule, *rows])


def text(words: str) -> str:
    """Escape text, so that Markdown shows it unchanged."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", words.replace("\n", " "))


def code(words: str) -> str:
    """Return text as code, without the backquotes and bars that would end the code or its cell."""
    for mark, instead in (("|", "\\|"), ("`", "'"), ("\n", " ")):
        words = words.replace(mark, instead)
    return f"`{words}`"
