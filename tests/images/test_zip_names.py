"""Names in zips that do not store their encoding."""

import struct
import zipfile
import zlib
from collections import Counter

import pytest

from convline.images import archives
from convline.runtime.errors import UserError
from tests.image_archives import pack_unmarked


def test_unmarked_names_that_are_all_utf8_are_utf8(tmp_path):
    archive = save(tmp_path, {"cafés/1.jpg".encode(): b"1", b"the/2.jpg": b"2"})
    assert names(archive) == ["cafés/1.jpg", "the/2.jpg"]


@pytest.mark.parametrize("encoding", ["cp932", "shift_jis"])
def test_a_japanese_letter_that_ends_with_the_byte_of_a_backslash_is_not_divided(
    tmp_path, encoding
):
    expected = ["写真/表/1.jpg", "写真/ソ/1.jpg"]
    archive = save(tmp_path, {name.encode("cp932"): b"" for name in expected})
    assert names(archive, encoding) == expected


def test_other_names_need_the_encoding_and_the_message_shows_how_they_read(tmp_path):
    archive = save(tmp_path, {b"ok/1.jpg": b"", "表/1.jpg".encode("cp932"): b""})
    with pytest.raises(UserError) as caught:
        names(archive)
    problem, *readings = str(caught.value).splitlines()
    assert problem.startswith("a.zip does not store the encoding of its file names")
    assert (
        "set organize.metadata_encoding to the encoding in which such a name reads correctly"
        in problem
    )
    assert readings == [
        "  cp437   ò\\/1.jpg",
        "  cp1252  •\\/1.jpg",
        "  cp932   表/1.jpg",
        "  gbk     昞/1.jpg",
        "  cp1251  •\\/1.jpg",
    ]


def test_a_wrong_encoding_is_refused(tmp_path):
    archive = save(tmp_path, {"café/1.jpg".encode("cp1252"): b""})
    assert names(archive, "cp1252") == ["café/1.jpg"]
    with pytest.raises(UserError, match=r"a file name in a\.zip is not utf-8; set .*\n.*\n"):
        names(archive, "utf-8")


def test_a_download_is_checked_without_the_encoding(tmp_path):
    archive = save(tmp_path, {"表/1.jpg".encode("cp932"): b"", "ソ/1.jpg".encode("cp932"): b""})
    assert archives.check(archive) == 2


def test_names_of_an_inner_zip_are_decoded_as_well(tmp_path):
    inner = save(tmp_path, {"表/1.jpg".encode("cp932"): b"1"}).read_bytes()
    outer = save(tmp_path, {b"train.zip": inner})
    assert names(outer, "cp932") == ["train/表/1.jpg"]
    with pytest.raises(UserError, match=r"a\.zip/train\.zip does not store the encoding"):
        names(outer)


@pytest.mark.parametrize("outdated", [False, True])
def test_the_unicode_path_field_of_info_zip_counts_unless_it_is_outdated(tmp_path, outdated):
    raw = "café.jpg".encode("cp437")
    field = struct.pack("<BL", 1, zlib.crc32(b"x" if outdated else raw)) + "café.jpg".encode()
    archive = save(tmp_path, {raw: b""}, struct.pack("<HH", 0x7075, len(field)) + field)
    if outdated:
        with pytest.raises(UserError, match="does not store the encoding"):
            names(archive)
    else:
        assert names(archive) == ["café.jpg"]


def test_marked_names_do_not_depend_on_the_encoding(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("表/1.jpg", b"")
    assert names(tmp_path / "a.zip", "cp1252") == ["表/1.jpg"]


def test_skipped_litter_is_counted_by_kind(tmp_path):
    archive = save(tmp_path, {b"a/.DS_Store": b"", b"b/.DS_Store": b"", b"b/._1.jpg": b""})
    litter: Counter[str] = Counter()
    assert list(archives.open_members(archive, litter=litter)) == []
    assert litter == {".DS_Store": 2, "._*": 1}


def names(archive, encoding=None):
    return [name for name, _ in archives.open_members(archive, encoding)]


def save(folder, files, extra=b""):
    path = folder / "a.zip"
    path.write_bytes(pack_unmarked(files, extra))
    return path
