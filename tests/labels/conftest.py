"""Labels from tables in small archives."""

import pytest

from convline.labels.table_labels import labels_from_table
from convline.params.loading import validate
from tests.image_archives import pack

FOUR = {f"my/images/{i}.png": bytes([i]) for i in range(4)}


@pytest.fixture
def read_labels(tmp_path, default):
    """Return the labels of the four images and of those in `files`, from a table in `files`."""

    def read(files, classes=None, **csv):
        files = {x: data.encode() if isinstance(data, str) else data for x, data in files.items()}
        (tmp_path / "a.zip").write_bytes(pack(FOUR | files))
        contents = {x: data for x, data in (FOUR | files).items() if x.endswith(".png")}
        values = default["organize"]
        default["organize"] = values | {
            "labels_from": "csv",
            "classes": classes,
            "csv": values["csv"] | csv,
            "split_method": "folders" if "split" in csv else "fractions",
        }
        organize = validate(default, "params.yaml").organize
        default["organize"] = values
        return labels_from_table(contents, tmp_path / "a.zip", organize)

    return read
