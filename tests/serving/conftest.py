"""A running `convline app`, shared by the tests of this folder."""

from pathlib import Path

import numpy as np
import pytest

from convline.records.dataset import Dataset, Split
from convline.records.tfrecord_writer import serialize, write_record
from convline.runtime import paths
from tests.classifiers import SIZE, write_classifier
from tests.commands import REPOSITORY
from tests.served_app import serving

CLASSES = ["dark", "<b>light"]  # a name that looks like markup
IMAGES = 9  # of each class in the test split
CARD = "# Image classifiers: lamps\n\n## Intended use\n\nTo find the switch. <script>1</script>\n"


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A folder with a classifier, its card and a test split."""
    folder = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        paths.PARAMS.write_bytes((REPOSITORY / "presets/default.yaml").read_bytes())
        Path("dvc.yaml").touch()
        write_classifier(CLASSES)
        paths.MODEL_CARD.write_text(CARD)
        write_test_split()
    return folder


@pytest.fixture(scope="session")
def address(folder):
    with serving(folder, "--max-megabytes", "1") as address:
        yield address


def write_test_split():
    paths.TFRECORDS.mkdir(parents=True, exist_ok=True)
    with (paths.TFRECORDS / "test.tfrecord").open("wb") as file:
        for i in range(2 * IMAGES):
            pixels = np.full(SIZE, (20 if i % 2 == 0 else 230) + i, np.uint8)
            write_record(file, serialize(pixels.tobytes(), i % 2, f"{i % 2}/{i}.png"))
    counts = dict.fromkeys(CLASSES, IMAGES)
    splits = {"test": Split({"test.tfrecord": 2 * IMAGES}, counts)}
    Dataset(CLASSES, [*SIZE, 1], "raw", splits).save(paths.TFRECORDS)
