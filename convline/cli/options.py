"""What the command lines of all commands have in common."""

import argparse
import os
from pathlib import Path


def parser(name: str, doc: str | None) -> argparse.ArgumentParser:
    """A parser whose `--help` is the docstring of its module.

    Args:
        name: of the tool.
        doc: its `__doc__`.
    """
    return argparse.ArgumentParser(
        prog=f"convline {name}",
        description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def positive(text: str) -> int:
    """A whole number from 1 on, as an argument's `type`."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {number}")
    return number


def new_file(text: str) -> Path:
    """A file to write, as an argument's `type`: refused where nothing can be written."""
    file = Path(text)
    if file.is_dir():
        raise argparse.ArgumentTypeError(f"'{text}' is a folder; name a file")
    _require_writable(file)
    return file


def new_folder(text: str) -> Path:
    """A folder to write, as an argument's `type`: refused where nothing can be written."""
    folder = Path(text).expanduser()
    _require_writable(folder)
    return folder


def _require_writable(path: Path) -> None:
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise argparse.ArgumentTypeError(
            f"nothing can be written to '{folder}'; name another place"
        )
