"""README and docs: their links lead somewhere, their commands and params exist."""

import importlib
import re
import shlex
from functools import cache
from pathlib import Path

import click
import pytest
from dvc.cli.parser import get_main_parser
from ruamel.yaml import YAML

from convline.params import presets
from tests.commands import REPOSITORY

PAGES = sorted(
    [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")], key=lambda path: path.name
)
SECTIONS = "runtime|download|organize|preprocess|train|extract|train_head|evaluate"
PARAM = re.compile(rf"(?<![\w.])(?:{SECTIONS})(?:\.[a-z_0-9]+)+")
# These look like params: metrics and files.
OTHER = re.compile(r"^(train|train_head)\.best\.|\.(csv|json|keras|md|py|yaml)$")
FOLDERS = "benchmarks|convline|presets|stages|tests"
EXAMPLE = "convline/sources/example.py"
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
def test_source_files_exist(page):
    paths = set(
        re.findall(r"`((?:benchmarks|convline|presets|stages|tests)/[\w/.]*)`", page.read_text())
    )
    if page.name == "CHANGELOG.md":  # It lists old files.
        paths -= {"stages/common/"}
    assert {path for path in paths if not (REPOSITORY / path).exists()} <= {EXAMPLE}


@pages
def test_params_exist(page):
    if page.name == "CHANGELOG.md":  # It lists old names.
        return
    default = YAML(typ="safe").load(REPOSITORY / "presets/default.yaml")
    found = set(PARAM.findall(re.sub(r"https?://\S+", "", page.read_text())))
    assert {name for name in found if not OTHER.search(name)} <= set(names(default))


@pages
def test_commands_parse(page):
    for words in (words for block in blocks(page) for words in block):
        match words:
            case ["make", *rest]:
                targets = [word for word in rest if "=" not in word and not word.startswith("-")]
                assert set(targets) <= make_targets(), words
            case ["dvc", *rest]:
                get_main_parser().parse_args(rest)
            case ["convline", "preset", name, *values]:
                presets.render(name, [value for value in values if not value.startswith("-")])
            case ["convline", name, *rest]:
                parse_convline(name, rest)


@pages
def test_a_command_that_blocks_has_a_block_of_its_own(page):
    for block in blocks(page):
        blocking = [words for words in block if " ".join(words).startswith(BLOCKING)]
        assert not blocking or len(block) == 1, block


def parse_convline(name: str, arguments: list[str]) -> None:
    """Parse a command line of `convline` without checking that its files exist."""
    command = importlib.import_module(f"convline.cli.{name}").main
    command.make_parser(click.Context(command)).parse_args(arguments)


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


def names(section: dict, prefix: str = "") -> list[str]:
    """Return the names of all params and sections, with dots."""
    found = []
    for key, value in section.items():
        found.append(prefix + key)
        if isinstance(value, dict):
            found.extend(names(value, f"{prefix}{key}."))
    return found
