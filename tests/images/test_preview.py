"""The preview shows the number of images per class and some images of each."""

from pathlib import Path

from PIL import Image

from tests.image_archives import pets


def test_the_preview_shows_what_was_organized(run):
    run(pets())
    rows = Path("metrics/organize/class_balance.csv").read_text().splitlines()
    assert rows[0] == "class,split,images"
    assert sum(int(row.split(",")[2]) for row in rows[1:]) == 74
    with Image.open("metrics/organize/samples.png") as sheet:
        assert sheet.height == 3 * 100  # classes
        images = sheet.crop((sheet.width - 8 * 100, 0, *sheet.size))
        assert len(set(images.get_flattened_data())) > 50
