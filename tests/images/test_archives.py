"""Archives of every kind are read; hostile or damaged ones and other files are refused."""

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from convline.images import archives
from convline.images.archive_kinds import UNPACK
from convline.runtime.errors import UserError

FILES = {"pets/cat/1.jpg": b"cat " * 700, "pets/dog/2.jpg": b"dog " * 900, "notes.txt": b"hello"}
LITTER = [".DS_Store", "cat/._1.jpg", "__MACOSX/cat/1.jpg", "cat/Thumbs.db", "cat/desktop.ini"]
TARS = ["tar", "tar.gz", "tar.bz2", "tar.xz"]
KINDS = ["zip", *TARS]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_the_same_members(tmp_path, kind):
    archive = save(tmp_path / f"pets.{kind}", pack(kind, FILES))
    assert read(archive) == FILES
    assert archives.check(archive) == len(FILES)


@pytest.mark.parametrize("kind", KINDS)
def test_the_kind_is_detected_by_content_and_not_by_name(tmp_path, kind):
    assert read(save(tmp_path / "pets.bin", pack(kind, FILES))) == FILES


def test_only_wanted_members_are_given(tmp_path):
    archive = save(tmp_path / "pets.zip", pack("zip", FILES))
    members = archives.read_members(archive, lambda name: name.endswith("1.jpg"))
    assert [name for name, _ in members] == ["pets/cat/1.jpg"]


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("inner", KINDS)
def test_an_archive_inside_a_zip_is_read_through(tmp_path, inner, compression):
    files = {f"data/train.{inner}": pack(inner, FILES), "readme.txt": b"hi"}
    archive = save(tmp_path / "all.zip", pack("zip", files, compression))
    through = {f"data/train/{name}": data for name, data in FILES.items()}
    assert read(archive) == {"readme.txt": b"hi", **through}
    assert archives.check(archive) == len(FILES) + 1


@pytest.mark.parametrize("inner", KINDS)
@pytest.mark.parametrize("outer", TARS)
def test_an_archive_inside_a_tar_is_read_through(tmp_path, outer, inner):
    files = {"readme.txt": b"hi", f"train.{inner}": pack(inner, FILES)}
    archive = save(tmp_path / f"all.{outer}", pack(outer, files))
    through = {f"train/{name}": data for name, data in FILES.items()}
    assert read(archive) == {"readme.txt": b"hi", **through}


def test_three_levels_are_read_through(tmp_path):
    middle = pack("tar.gz", {"b.zip": pack("zip", {"x.jpg": b"x"})})
    assert read(save(tmp_path / "c.zip", pack("zip", {"a.tar.gz": middle}))) == {"a/b/x.jpg": b"x"}


def test_inner_archives_whose_names_differ_behind_a_dot_do_not_mix(tmp_path):
    files = {
        "a.part1.zip": pack("zip", {"1.jpg": b"1"}),
        "a.part2.zip": pack("zip", {"1.jpg": b"2"}),
    }
    archive = save(tmp_path / "a.zip", pack("zip", files))
    assert read(archive) == {"a.part1/1.jpg": b"1", "a.part2/1.jpg": b"2"}


@pytest.mark.parametrize("name", ["labels.csv.gz", "labels.gz", "labels.csv.bz2", "labels.csv.xz"])
def test_a_compressed_file_that_is_not_an_archive_is_a_file(tmp_path, name):
    compress = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}[name.split(".")[-1]]
    files = {name: compress(b"1.jpg,cat\n" * 500), "x.jpg": b"x"}
    assert read(save(tmp_path / "a.zip", pack("zip", files))) == files


@pytest.mark.parametrize("kind", KINDS)
def test_litter_is_skipped(tmp_path, kind):
    litter = dict.fromkeys(LITTER, b"litter")
    archive = save(tmp_path / f"pets.{kind}", pack(kind, {**litter, **FILES}))
    assert read(archive) == FILES
    assert archives.check(archive) == len(FILES)


def test_a_leading_dot_slash_as_tar_writes_it_is_accepted(tmp_path):
    assert read(save(tmp_path / "a.tar", pack("tar", {"./cat/1.jpg": b"1"}))) == {"cat/1.jpg": b"1"}


def test_a_folder_that_ends_with_a_backslash_is_not_a_file(tmp_path):
    archive = save(tmp_path / "a.zip", pack("zip", {"cat\\": b"", r"cat\1.jpg": b"1"}))
    assert read(archive) == {"cat/1.jpg": b"1"}
    assert archives.check(archive) == 1


def test_backslashes_separate_folders(tmp_path):
    assert read(save(tmp_path / "a.zip", pack("zip", {r"cat\1.jpg": b"1"}))) == {"cat/1.jpg": b"1"}


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("name", ["../x.jpg", "a/../../x.jpg", r"..\x.jpg", "/x.jpg", r"C:\x.jpg"])
def test_a_name_that_leads_outside_is_refused(tmp_path, kind, name):
    archive = save(tmp_path / f"evil.{kind}", pack(kind, {"ok.jpg": b"", name: b""}))
    for message in refusals(archive):
        problem = f"evil.{kind} has a file that points outside its folder, '{name}'"
        assert message == f"{problem}, which is refused; leave it out, or {UNPACK}"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (tarfile.SYMTYPE, "a link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.CHRTYPE, "a device"),
    ],
)
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind, words):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as packed:
        info = tarfile.TarInfo("cat/x.jpg")
        info.type, info.linkname = kind, "/etc/passwd"
        packed.addfile(info)
    for message in refusals(save(tmp_path / "evil.tar", buffer.getvalue())):
        assert message.startswith(f"evil.tar has {words}, 'cat/x.jpg', which is refused")
        assert message.endswith(UNPACK)


def test_a_link_in_a_zip_is_refused(tmp_path):
    info = zipfile.ZipInfo("cat/x.jpg")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr(info, "/etc/passwd")
    for message in refusals(save(tmp_path / "evil.zip", buffer.getvalue())):
        assert message.startswith("evil.zip has a link, 'cat/x.jpg', which is refused")
        assert message.endswith(UNPACK)


def test_a_refused_member_of_an_inner_archive_is_named_with_its_archive(tmp_path):
    outer = pack("zip", {"data/inner.tar": pack("tar", {"../x.jpg": b""})})
    for message in refusals(save(tmp_path / "outer.zip", outer)):
        assert message.startswith("outer.zip/data/inner.tar has a file that points outside")


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_that_is_cut_in_half_is_refused(tmp_path, kind):
    whole = pack(kind, FILES)
    for message in refusals(save(tmp_path / f"pets.{kind}", whole[: len(whole) // 2])):
        assert f"pets.{kind}" in message
        assert "damaged" in message


# FILES as tar: 512 + 3072 bytes, 512 + 4096 (its header starts at 3584), 512 + 512, then zeros.
@pytest.mark.parametrize("end", [3000, 3584, 3584 + 100, 8192])
def test_a_tar_that_is_cut_anywhere_is_refused(tmp_path, end):
    refusals(save(tmp_path / "pets.tar", pack("tar", FILES)[:end]))


def test_a_tar_with_a_damaged_header_is_refused(tmp_path):
    refusals(save(tmp_path / "pets.tar", flip(pack("tar", FILES), 3584)))


@pytest.mark.parametrize("level", [0, 9])
def test_a_gzipped_tar_with_a_damaged_byte_is_refused(tmp_path, level):
    whole = pack("tar.gz", FILES, compresslevel=level)
    refusals(save(tmp_path / "pets.tar.gz", flip(whole, len(whole) // 2)))


@pytest.mark.parametrize(
    "compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_a_zip_with_a_damaged_byte_is_refused(tmp_path, compression):
    whole = pack("zip", FILES, compression)
    refusals(save(tmp_path / "pets.zip", flip(whole, whole.index(b"1.jpg") + 25)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("damage", [lambda x: x[: len(x) // 2], lambda _: b"<html>", lambda _: b""])
def test_a_damaged_inner_archive_is_refused_and_not_taken_for_a_file(tmp_path, kind, damage):
    files = {"train.zip": pack("zip", FILES), f"test.{kind}": damage(pack(kind, FILES))}
    refusals(save(tmp_path / "all.zip", pack("zip", files)))


def test_an_encrypted_zip_is_refused(tmp_path):
    whole = bytearray(pack("zip", {"cat/1.jpg": b"1"}))
    whole[6] |= 1
    whole[whole.index(b"PK\x01\x02") + 8] |= 1
    for message in refusals(save(tmp_path / "secret.zip", whole)):
        assert f"secret.zip is encrypted; {UNPACK}" in message


def test_a_zip_that_is_packed_in_an_unknown_way_is_refused(tmp_path):
    whole = bytearray(pack("zip", {"cat/1.jpg": b"1"}))
    deflate64 = 9  # what Windows writes beyond 2 GB
    whole[8] = whole[whole.index(b"PK\x01\x02") + 10] = deflate64
    for message in refusals(save(tmp_path / "windows.zip", whole)):
        assert "windows.zip uses an unsupported compression" in message
        assert message.endswith(UNPACK)


def test_a_zip_with_a_name_that_is_wrongly_marked_as_utf8_is_refused(tmp_path):
    whole = pack("zip", {"café/1.jpg": b"1"}).replace("é".encode(), b"\xe9e")
    for message in refusals(save(tmp_path / "a.zip", whole)):
        assert message == f"a.zip marks a name as UTF-8 that is not; {UNPACK}"


def test_the_last_part_of_a_divided_zip_is_refused(tmp_path):
    """As `zip -s` writes it: the first member is in `a.z01`."""
    whole = bytearray(pack("zip", FILES))
    entry = whole.index(b"PK\x01\x02")
    second = whole.index(b"PK\x01\x02", entry + 1)
    whole[second + 34] = 1  # number of the file in which the member starts
    for message in refusals(save(tmp_path / "a.zip", whole)):
        assert message.startswith("a.zip is the last part of a divided zip; join the parts")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.7z", b"7z\xbc\xaf\x27\x1c\0\4", "a.7z is a 7-Zip archive, which is not read; unpack"),
        ("a.rar", b"Rar!\x1a\x07\1\0", f"a.rar is a RAR archive, which is not read; {UNPACK}"),
        ("a.tar.zst", b"\x28\xb5\x2f\xfd\4", "a.tar.zst is compressed with Zstandard, which"),
        (
            "a.zip.001",
            b"PK\3\4\x14",
            "a.zip.001 is a part of an archive; join the parts, or",
        ),
        ("a.zip", b"\n<!DOCTYPE html><p>Log in", "a.zip is a web page, not an archive; download"),
        ("a.zip", b"version https://git-lfs.github.com/spec/v1\n", "a.zip is a pointer of Git LFS"),
        ("a.zip", b"", "a.zip is neither a zip nor a tar archive: it is empty"),
        ("a.zip", b"text\n" * 300, "a.zip is neither a zip nor a tar archive, or it is damaged"),
    ],
)
def test_a_file_that_is_not_a_zip_or_a_tar_is_described(tmp_path, name, content, words):
    for message in refusals(save(tmp_path / name, content)):
        assert message.startswith(words)


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_archive_has_no_file(tmp_path, kind):
    assert archives.check(save(tmp_path / f"empty.{kind}", pack(kind, {}))) == 0


@pytest.mark.parametrize("end", [-50, 0])
def test_messages_name_the_archive_as_the_caller_does(tmp_path, end):
    archive = save(tmp_path / "pets.tgz", pack("tar.gz", FILES)[:end])
    with pytest.raises(UserError, match=r"^download\.path: ~/pets\.tgz (cannot|is neither)"):
        archives.check(archive, label="download.path: ~/pets.tgz")


def test_a_member_beyond_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBER", 3000)
    archive = save(tmp_path / "pets.zip", pack("zip", FILES))
    with pytest.raises(UserError, match=r"'pets/dog/2\.jpg' is larger than"):
        read(archive)


def test_more_inner_archives_than_anyone_packs_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_INNER", 20)
    packed = pack("zip", {"1.jpg": b"x"})
    for _ in range(3):
        packed = pack("zip", {f"{i}.zip": packed for i in range(16)})
    assert (
        refusals(save(tmp_path / "bomb.zip", packed))
        == ["bomb.zip/0.zip/1.zip ... has more than 20 inner archives"] * 2
    )


def read(archive: Path) -> dict[str, bytes]:
    members = list(archives.read_members(archive, lambda _: True))
    assert len(dict(members)) == len(members)
    return dict(members)


def refusals(archive: Path) -> list[str]:
    """Return the error messages of both functions that read `archive`."""
    messages = []
    for attempt in (read, archives.check):
        with pytest.raises(UserError) as caught:
            attempt(archive)
        messages.append(str(caught.value))
    return messages


def pack(kind: str, files: dict[str, bytes], compression: int = 8, **options) -> bytes:
    buffer = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w", compression) as packed:
            for name, data in files.items():
                packed.writestr(zipfile.ZipInfo(name), data, compression)
    else:
        with tarfile.open(fileobj=buffer, mode=f"w:{kind[4:]}", **options) as packed:
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                packed.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def save(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def flip(content: bytes, position: int) -> bytes:
    return content[:position] + bytes([content[position] ^ 0x55]) + content[position + 1 :]


@pytest.mark.parametrize("levels", [0, 3])
def test_an_archive_that_expands_without_end_is_refused(tmp_path, monkeypatch, levels):
    monkeypatch.setattr(archives, "SMALL", 1e6)
    bomb = pack("zip", {f"{i}.txt": bytes(100_000) for i in range(16)}, zipfile.ZIP_DEFLATED)
    for _ in range(levels):
        bomb = pack("zip", {f"{i}.zip": bomb for i in range(16)}, zipfile.ZIP_DEFLATED)
    archive = save(tmp_path / "bomb.zip", bomb)
    with pytest.raises(
        UserError, match=r"expands to more than .*; .* download\.max_unpacked_ratio"
    ):
        archives.check(archive, max_ratio=20)
    if not levels:
        assert archives.check(archive, max_ratio=2000) == 16
        with pytest.raises(UserError, match=r"more than 1,500,000; .* download\.max_unpacked_gb"):
            archives.check(archive, max_gb=0.0015)
