"""Each file of any archive is in a split, bad, ignored, or left out with a reason."""

import csv
import gzip
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convline.labels.file_counts import describe_left_out
from convline.runtime.errors import UserError
from tests.image_archives import RANDOM_ARCHIVES, metrics, pets, png

LAYOUTS = ["folder", "nested folder", "split folders", "filename", "csv"]
OTHER_FILES = {
    "notes.txt": b"about the images",
    "LICENSE": b"no ending",
    "a b/drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "pred/unknown.png": png("unknown"),
    "stray.png": png("stray"),
    "data.bin": bytes(100),
    "archive.7z": b"7z\xbc\xaf\x27\x1c" + bytes(50),
}


@st.composite
def archives(draw):
    """Files of two or three classes in one of several layouts, and the params to read them."""
    layout = draw(st.sampled_from(LAYOUTS))
    words = draw(st.sampled_from([("cat", "dog"), ("café", "猫", "dog"), ("a b", "c-d", "0")]))
    broken = draw(st.integers(0, 2))
    files, rows = {}, []
    for label in words:
        for i in range(draw(st.integers(12, 20))):
            name = f"{label}.{i}.png" if layout == "filename" else f"{words.index(label)}_{i}.png"
            split = ("train", "val", "seg_test")[i % 3]
            folder = {
                "folder": f"x/{label}/",
                "nested folder": f"x/{label}/images/",
                "split folders": f"x/{split}/{label}/",
                "filename": "x/",
                "csv": "x/images/",
            }[layout]
            files[folder + name] = b"broken" if i < broken and i else png(label, i)
            rows.append([draw(st.sampled_from([name, name[:-4], f"./images/{name}"])), label])
    files |= {name: OTHER_FILES[name] for name in draw(st.sets(st.sampled_from(list(OTHER_FILES))))}
    params = {"organize.labels_from": "filename" if layout == "filename" else "folder"}
    params["organize.label_pattern"] = f"^({'|'.join(words)})\\."
    if layout == "csv":
        params["organize.labels_from"] = "csv"
        encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
        files["labels.csv"] = table(rows, draw(st.sampled_from(",;\t"))).encode(encoding)
    return files, params


@settings(RANDOM_ARCHIVES, max_examples=40)
@given(made=archives(), limit=st.sampled_from([None, None, 20]))
def test_every_file_is_counted_once(run, set_params, made, limit):
    files, params = made
    set_params(**params, **{"organize.max_bad_images": 50, "organize.limit": limit})
    try:
        tree = run(files)
    except UserError as error:
        # A few drawn images may leave a class without one in some split.
        if limit and "each class needs an image in each split" in str(error):
            return
        raise
    counts = metrics()
    assert counts["files"] == len(files)
    assert counts["images"] == len(tree) == sum(counts["read"].values())
    assert counts["bad_images"] == sum(data == b"broken" for data in files.values())
    left_out = {"unlabelled", "repeated", "not_drawn", "bad_images", "ignored"}
    assert sum(counts[why] for why in left_out) == len(files) - len(tree)
    rows = counts["left_out"]
    assert sum(row["files"] for row in rows) == len(files) - len(tree)
    assert all(sum(row["folders"].values()) == row["files"] for row in rows)
    assert set(tree.values()) <= set(files.values())
    if not limit:
        strays = {"stray.png", "pred/unknown.png"} & files.keys()
        assert counts["unlabelled"] == len(strays)


def test_what_was_left_out_is_printed_by_reason_ending_and_folder(run, set_params, capsys):
    set_params(**{"organize.max_bad_images": 1, "organize.exclude": ["*/bee/*"]})
    run({**pets(), "x/cat/bad.png": b"broken", "x/pred/1.png": png("p"), "0.png": png("top")})
    printed = capsys.readouterr().out.splitlines()
    assert [line for line in printed if line.startswith("left out")] == [
        "left out        11  not selected by organize.include and organize.exclude (.png in x/bee)",
        "left out         1  cannot be decoded (.png in x/cat)",
        "left out         1  in a folder of images without a class, by its name (.png in x/pred)",
        "left out         1  not in a folder (.png in .)",
    ]


@pytest.mark.parametrize("name", ["a.csv", "labels.txt", "labels.csv.gz"])
def test_tables_in_use_are_counted_as_such(run, set_params, name):
    set_params(**{"organize.labels_from": "csv", "organize.csv.file": name})
    rows = "id,label\n" + "".join(f"{i},{'cat' if i % 2 else 'dog'}\n" for i in range(20))
    data = gzip.compress(rows.encode(), mtime=0) if name.endswith(".gz") else rows.encode()
    run({f"{i}.png": png(i) for i in range(20)} | {name: data, "other.csv": b"id,label\n"})
    counts = metrics()
    reasons = {row["reason"]: row["files"] for row in counts["left_out"]}
    assert reasons == {"table of labels, read": 1, "table, not an image": 1}
    assert (counts["files"], counts["ignored"]) == (22, 2)


def test_files_of_desktops_are_counted_apart(run, capsys):
    run({**pets(), "x/.DS_Store": b"1", "__MACOSX/x/._0.png": b"2", "x/cat/._0.png": b"3"})
    assert "left out         3  system files (" in capsys.readouterr().out
    assert (metrics()["files"], metrics()["left_out"]) == (74, [])


def test_long_lists_of_endings_and_folders_are_shortened():
    rows = [
        {"reason": "notes", "ending": f".{i}", "files": 2, "folders": {f"f{i}": 1, f"g{i}": 1}}
        for i in range(5)
    ]
    text = "notes (.0, .1, .2 and 2 more in f0, g0, f1 and 7 more)"
    assert list(describe_left_out(rows)) == [(10, text)]


def test_a_file_without_a_folder_or_an_ending_is_counted(run):
    run({**pets(), "LICENSE": b"text"})
    (row,) = metrics()["left_out"]
    assert (row["ending"], row["files"], row["folders"]) == ("", 1, {"": 1})


def table(rows, delimiter):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(["id", "label"])
    writer.writerows(rows)
    return text.getvalue()


@pytest.mark.parametrize("limit", [30, None])
def test_images_that_the_limit_leaves_out_are_counted(run, set_params, limit):
    set_params(**{"organize.limit": limit})
    run(pets())
    assert metrics()["not_drawn"] == (44 if limit else 0)
