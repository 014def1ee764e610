"""Images are read again from a temporary file, and from the archive where it is full."""

import pytest

from convline.images import image_cache
from convline.images.image_cache import ImageCache
from tests.image_archives import pack

FILES = {f"x/{i}.png": bytes([i]) * 10 for i in range(5)}


@pytest.mark.parametrize("room", [0, 25, 1000])
def test_images_are_read_from_the_file_and_the_archive(tmp_path, monkeypatch, room):
    monkeypatch.setattr(image_cache, "MAX_BYTES", room)
    (tmp_path / "raw").mkdir()
    archive = tmp_path / "raw/a.zip"
    archive.write_bytes(pack(FILES))
    with ImageCache(archive, None, tmp_path) as cache:
        for name, data in FILES.items():
            cache.add(name, data)
        if room == 1000:
            archive.unlink()  # It is not needed.
        wanted = ["x/4.png", "x/0.png", "x/1.png"]
        assert sorted(cache.read(wanted)) == sorted((name, FILES[name]) for name in wanted)
        assert dict(cache.read(FILES)) == FILES
    assert [path.name for path in tmp_path.rglob("*") if path != archive] == ["raw"]
