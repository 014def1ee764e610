"""Bytes of images are kept by their digest until they are copied or moved."""

from convline.images.image_store import ImageStore


def test_bytes_are_kept_once_and_read_copied_and_moved(tmp_path):
    (tmp_path / "store").mkdir()
    store = ImageStore(tmp_path / "store")
    for digest, data in ((b"\0a", b"cat"), (b"\0a", b"cat"), (b"\xffb", b"dog")):
        store.add(digest, data)
    files = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert (len(files), store.read(b"\xffb")) == (2, b"dog")
    store.copy(b"\0a", tmp_path / "copy")
    store.move(b"\0a", tmp_path / "moved")
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "moved").read_bytes() == b"cat"
    assert sum(path.exists() for path in files) == 1
