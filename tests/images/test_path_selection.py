"""organize.include and organize.exclude: globs over whole paths, or text files of paths."""

from pathlib import Path

import pytest

from convline.images.path_selection import matches_glob
from convline.runtime.errors import UserError
from tests.image_archives import CLASSES, count, metrics, pair, pets, png


@pytest.mark.parametrize(
    ("name", "pattern", "matches"),
    [
        ("R/COVID/masks/1.png", "*/masks/*", True),
        ("masks/1.png", "*/masks/*", True),
        ("R/unmasks/1.png", "*/masks/*", False),
        ("color/cat/1.png", "color/*", True),
        ("x/color/cat/1.png", "color/*", False),
        ("x/1.png", "*.png", True),
        ("x/1.PNG", "*.png", False),
        ("a [1]/x.png", "a [[]1]/*", True),
    ],
)
def test_globs_match_whole_paths(name, pattern, matches):
    assert matches_glob(name, pattern) is matches


def test_files_are_included_and_excluded_by_globs(run, set_params):
    folders = [f"{kind}/{c}" for kind in ("color", "gray", "masks") for c in ("cat", "dog")]
    files = {f"{folder}/{i}.png": png(folder, i) for folder in folders for i in range(9)}
    set_params(**{"organize.include": ["color/*", "masks/*"], "organize.exclude": ["*/masks/*"]})
    assert count(run(files), "class") == {"cat": 9, "dog": 9}
    assert (metrics()["images"], metrics()["ignored"], metrics()["files"]) == (18, 36, 54)


def test_a_bad_image_that_is_excluded_does_not_stop_the_stage(run, set_params):
    set_params(**{"organize.exclude": ["*/bad.png"]})
    assert count(run({**pets(), "x/cat/bad.png": b"broken"}), "class") == CLASSES
    assert metrics()["bad_images"] == 0


@pytest.mark.parametrize("form", ["{}", "./{}", "\\{}", "{}\r"])
def test_files_are_included_by_a_list_of_paths(run, set_params, capsys, form):
    chosen = [f"{c}/{i}.png" for c in ("cat", "dog") for i in range(9)]
    lines = [form.format(name) for name in [*chosen, "cat/99.png", ""]]
    Path("list.txt").write_text("\n".join(lines), encoding="utf-8")
    set_params(**{"organize.include": "list.txt"})
    assert count(run(pets()), "class") == {"cat": 9, "dog": 9}
    note = "18 of 19 paths of 'list.txt' matched; 1 did not, for example 'cat/99.png'"
    assert f"organize.include: {note}" in capsys.readouterr().out


def test_a_path_of_a_list_is_matched_from_a_slash_on(run, set_params):
    Path("list.txt").write_text("at/0.png\ncat/1.png\n")
    set_params(**{"organize.exclude": "list.txt"})
    run(pets())
    assert metrics()["ignored"] == 1


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (["*/maks/*", "*/cat/*"], r"organize\.exclude: no file matches '\*/maks/\*'"),
        ("missing.txt", r"there is no file 'missing\.txt'; globs go into a list, as \['missing"),
        ("/dev/zero", r"organize\.exclude: '/dev/zero' is not a text file"),
        ("a\0b", r"organize\.exclude: 'a\0b' cannot be read: embedded null byte"),
        ("empty.txt", r"organize\.exclude: no file has a path of 'empty\.txt'"),
        ("other.txt", r"no file has a path of 'other\.txt': 'emu/1\.png'"),
    ],
)
def test_a_selection_that_matches_nothing_is_refused(run, set_params, value, message):
    Path("empty.txt").write_text("")
    Path("other.txt").write_text("emu/1.png\n")
    set_params(**{"organize.exclude": value})
    with pytest.raises(UserError, match=message):
        run({**pets(), **pair("y", 0)})


def test_labels_are_read_from_a_pattern_over_the_whole_path(run, set_params):
    folders = [f"R/{c}/{kind}" for c in ("COVID", "Normal") for kind in ("images", "masks")]
    files = {f"{folder}/{i}.png": png(folder, i) for folder in folders for i in range(9)}
    set_params(**{"organize.labels_from": "path", "organize.label_pattern": "R/([^/]+)/images/"})
    assert count(run(files), "class") == {"COVID": 9, "Normal": 9}
    assert metrics()["unlabelled"] == 18
