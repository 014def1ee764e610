"""Every file of an archive is an image, bad, or ignored with a reason."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from convline.images.image_cache import ImageCache
from convline.images.scan import NOT_SELECTED, Scan, inspect_all, refuse_bad
from convline.params.loading import load_params
from convline.runtime.errors import UserError
from tests.image_archives import pack, png


def scan(folder, files, selected=lambda _: True):
    archive = folder / "a.zip"
    archive.write_bytes(pack(files))
    with ImageCache(archive, None, folder) as cache:
        return inspect_all(archive, load_params().organize, selected, cache)


def test_each_file_is_in_one_place(tmp_path):
    files = {
        "x/cat/1.png": png(1),
        "x/cat/2": png(2),
        "x/dog/3.jpg": png(3),
        "x/dog/4.jpg": b"",
        "x/dog/5": png(5)[:-30],
        "readme.txt": b"hello",
        "x/.DS_Store": b"",
        "x/dog/6.svg": b"<svg/>",
    }
    found = scan(tmp_path, files)
    assert sorted(found.images) == ["x/cat/1.png", "x/cat/2", "x/dog/3.jpg"]
    assert found.bad == {"x/dog/4.jpg": "empty file", "x/dog/5": found.bad["x/dog/5"]}
    assert found.ignored == {
        "readme.txt": "not an image",
        "x/dog/6.svg": "SVG drawings are not read; convert them to PNG",
    }


def test_a_file_that_is_not_selected_is_neither_decoded_nor_bad(tmp_path):
    found = scan(tmp_path, {"a.png": png(1), "b.png": b"", "c.txt": b""}, lambda x: x == "a.png")
    assert (list(found.images), found.bad) == (["a.png"], {})
    assert found.ignored == {"b.png": NOT_SELECTED, "c.txt": NOT_SELECTED}


def test_of_a_large_file_that_is_not_an_image_only_the_beginning_is_read(tmp_path, monkeypatch):
    read = []
    original = zipfile.ZipExtFile.read
    monkeypatch.setattr(
        zipfile.ZipExtFile, "read", lambda self, n=-1: (read.append(n), original(self, n))[1]
    )
    scan(tmp_path, {"a.png": png(1), "film.mp4": bytes(1 << 20), "noise": bytes(1 << 20)})
    assert sum(n for n in read if n < 1 << 20) <= 2 * 1024
    assert len(read) <= 3


def test_the_largest_value_of_16_bit_images_is_recorded(tmp_path):
    buffer = io.BytesIO()
    Image.fromarray(np.array([[7, 4095]], np.uint16)).save(buffer, "PNG")
    found = scan(tmp_path, {"a.png": png(1), "b.png": buffer.getvalue()})
    assert [found.images[name].peak for name in ("a.png", "b.png")] == [None, 4095]


def test_an_archive_without_images_names_what_it_has(tmp_path):
    files = {f"{i}.dcm": bytes(128) + b"DICM" for i in range(40)}
    with pytest.raises(UserError, match=r"no images found in .*JPEG(.|\n)*ignored: 40 .dcm files"):
        scan(tmp_path, files)


@pytest.mark.parametrize(
    ("bad", "total", "limit", "would"),
    [(1, 100, 0, "1 (or 1%)"), (3, 200, "1%", "3 (or 2%)")],
)
def test_the_error_names_the_values_that_would_leave_bad_images_out(bad, total, limit, would):
    found = Scan({str(i): None for i in range(total - bad)}, {f"b{i}": "bad" for i in range(bad)})
    with pytest.raises(UserError) as caught:
        refuse_bad(found, limit)
    first = str(caught.value).splitlines()[0]
    counts = f"{bad} of {total} images cannot be decoded; organize.max_bad_images is {limit}"
    assert first == f"{counts}, and {would} would leave them out:"


@pytest.mark.parametrize("limit", [1, "100%"])
def test_an_archive_of_damaged_images_is_refused_at_any_limit(limit):
    with pytest.raises(UserError, match=r"^none of the 2 images can be decoded:\n  a: bad"):
        refuse_bad(Scan({}, {"a": "bad", "b": "bad"}), limit)


def test_pointers_of_git_lfs_are_one_message():
    found = Scan({"c": None}, dict.fromkeys("ab", "Git LFS pointer; run `git lfs pull`"))
    with pytest.raises(UserError, match=r"^2 of 3 images are Git LFS pointers, .*`git lfs pull`"):
        refuse_bad(found, 1)
    refuse_bad(found, 2)


@pytest.mark.parametrize(("bad", "limit"), [(2, "1%"), (2, 2), (0, 0), (1, "0.5%"), (199, "100%")])
def test_bad_images_up_to_the_limit_are_accepted(bad, limit):
    refuse_bad(Scan({str(i): None for i in range(200 - bad)}, dict.fromkeys(range(bad), "")), limit)
