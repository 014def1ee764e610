"""Select files of an archive by their paths: `organize.include` and `organize.exclude`."""

import fnmatch
import re
from collections.abc import Sequence
from functools import lru_cache

from convline.params.schema import Organize
from convline.runtime import paths
from convline.runtime.errors import UserError

MAX_EXAMPLES = 3
Patterns = str | Sequence[str] | None


class PathSelection:
    """The files that `organize.include` names and `organize.exclude` does not.

    Each of the two is a list of globs, or the name of a text file with one path per line. A path of
    the file stands for all files that end with it, from a slash on.
    """

    def __init__(self, organize: Organize) -> None:
        """Read the text files.

        Raises:
            UserError: a text file is missing or cannot be read.
        """
        self._include = _patterns("include", organize.include)
        self._exclude = _patterns("exclude", organize.exclude)

    def __call__(self, name: str) -> bool:
        """Return True if a file is selected."""
        included = self._include is None or self._include.matches(name)
        return not (self._exclude and self._exclude.matches(name)) and included

    def notes(self) -> list[str]:
        """Return lines on the paths of text files that no file has; call it at the end.

        Raises:
            UserError: a glob or a whole text file matches no file.
        """
        chosen = [patterns for patterns in (self._include, self._exclude) if patterns]
        return [note for patterns in chosen for note in patterns.notes()]


def matches_glob(name: str, pattern: str) -> bool:
    """Return True if a whole path, with or without a slash in front, matches a glob.

    `*` also matches slashes, as in `fnmatch`: `*/masks/*` and `masks/*` are all files in `masks`.
    """
    expression = _compile(pattern)
    return bool(expression.match(name) or expression.match(f"/{name}"))


@lru_cache(maxsize=256)
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern))


class _Globs:
    def __init__(self, param: str, patterns: Sequence[str]) -> None:
        self._param, self._unused, self._patterns = param, set(patterns), patterns

    def matches(self, name: str) -> bool:
        found = [pattern for pattern in self._patterns if matches_glob(name, pattern)]
        self._unused.difference_update(found)
        return bool(found)

    def notes(self) -> list[str]:
        if self._unused:
            raise UserError(f"{self._param}: no file matches '{min(self._unused)}'")
        return []


class _Paths:
    def __init__(self, param: str, file: str) -> None:
        path = paths.expand_home(file)
        try:
            if path.exists() and not path.is_file():  # /dev/zero would fill the memory.
                raise UserError(f"{param}: '{path}' is not a text file")
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except FileNotFoundError:
            hint = f"globs go into a list, as ['{file}']"
            raise UserError(f"{param}: there is no file '{path}'; {hint}") from None
        except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a NUL in the path
            raise UserError(f"{param}: '{path}' cannot be read: {error}") from None
        self._param, self._file = param, file
        self._wanted = {_plain(line) for line in lines} - {""}
        self._unused = set(self._wanted)

    def matches(self, name: str) -> bool:
        parts = name.split("/")
        endings = {"/".join(parts[start:]) for start in range(len(parts))} & self._wanted
        self._unused -= endings
        return bool(endings)

    def notes(self) -> list[str]:
        n, unused = len(self._wanted), sorted(self._unused)
        examples = ", ".join(f"'{path}'" for path in unused[:MAX_EXAMPLES])
        if len(unused) == n:
            raise UserError(f"{self._param}: no file has a path of '{self._file}': {examples}")
        matched = f"{self._param}: {n - len(unused):,} of {n:,} paths of '{self._file}' matched"
        return [
            f"{matched}; {len(unused):,} did not, for example {examples}" if unused else matched
        ]


def _patterns(param: str, value: Patterns) -> _Globs | _Paths | None:
    if not value:
        return None
    kind = _Paths if isinstance(value, str) else _Globs
    return kind(f"organize.{param}", value)  # type: ignore[arg-type] # each takes its own


def _plain(line: str) -> str:
    return line.strip().replace("\\", "/").removeprefix("./").strip("/")
