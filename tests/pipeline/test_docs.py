"""README and docs: their links lead somewhere, their commands exist."""

import re
import shlex
from functools import cache
from pathlib import Path

import pytest
from dvc.cli.parser import get_main_parser

from tests.commands import REPOSITORY

PAGES = sorted(
    [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")], key=lambda path: path.name
)
BLOCKING = ("make app", "convline app")

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@pages
def test_links_lead_to_files_and_headings(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text())):
        if re.match(r"https?:", target):
            continue
        file, _, heading = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        assert path.exists(), target
        assert path.is_relative_to(REPOSITORY), target
        assert not heading or heading in headings(path), target


@pages
def test_commands_parse(page):
    for words in (words for block in blocks(page) for words in block):
        match words:
            case ["make", *rest]:
                targets = [word for word in rest if "=" not in word and not word.startswith("-")]
                assert set(targets) <= make_targets(), words
            case ["dvc", *rest]:
                get_main_parser().parse_args(rest)


@pages
def test_a_command_that_blocks_has_a_block_of_its_own(page):
    for block in blocks(page):
        blocking = [words for words in block if " ".join(words).startswith(BLOCKING)]
        assert not blocking or len(block) == 1, block


@cache
def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))


@cache
def headings(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    titles = re.findall(r"^#+ (.*)$", without_code(page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[list[list[str]]]:
    """Return the commands of each block of shell lines, as lists of words."""
    texts = re.findall(r"^```sh\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    return [commands(text) for text in texts]


def commands(text: str) -> list[list[str]]:
    found: list[list[str]] = []
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="&|;")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, "&&"]:
            if set(word) <= set("&|;"):
                found.extend([words] * bool(words))
                words = []
            else:
                words.append(word)
    return found
