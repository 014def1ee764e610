"""Write one shard of TFRecords, a pure function of its list of images.

So the bytes do not depend on the number of workers or their order.
"""

import io
import json
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from convline.images.aspect_ratio import fit
from convline.images.decoding import BadImage, decode_with_facts, least_side
from convline.params.schema import Preprocess
from convline.records.tfrecord_writer import serialize, write_record
from convline.runtime.errors import UserError
from convline.runtime.files import fresh_file, sync, write_json


@dataclass(frozen=True)
class Shard:
    """One file of TFRecords to write.

    Attributes:
        split: the split that it belongs to.
        name: its file name.
        files: paths of the images, in the order of their records.
        labels: label of each image.
    """

    split: str
    name: str
    files: list[Path]
    labels: list[int]


def visible(folder: Path) -> list[Path]:
    """Return the files in a folder without the `.DS_Store` and `._*` files that macOS adds."""
    return [
        path
        for path in folder.iterdir()
        if not path.name.startswith("._") and path.name != ".DS_Store"
    ]


def write_shard(shard: Shard, preprocess: Preprocess, folder: Path) -> list[int]:
    """Decode, resize and encode the images of one shard, and write it into `folder`.

    A shard that an earlier run finished there is left as it is.

    Returns:
        The number of values of each image that `preprocess.bit_depth` cannot represent.
    """
    note = folder / f".{shard.name}.json"
    if note.exists():
        finished: list[int] = json.loads(note.read_text(encoding="utf-8"))
        return finished
    clipped = []
    with fresh_file(folder / shard.name) as partial, partial.open("wb") as records:
        for file, label in zip(shard.files, shard.labels, strict=True):
            image, too_large = load_image(file, preprocess)
            clipped.append(too_large)
            key = f"{file.parent.name}/{file.name}"
            write_record(records, serialize(encode(image, preprocess), label, key))
        sync(records)
    write_json(note, clipped)
    return clipped


def load_image(file: Path, preprocess: Preprocess) -> tuple[Image.Image, int]:
    """Decode and resize one image.

    Returns:
        The image, and the number of values of its file that `preprocess.bit_depth` cannot
        represent.
    """
    least = least_side(preprocess.image_size, preprocess.interpolation)
    try:
        decoded = decode_with_facts(
            file.read_bytes(),
            preprocess.color_mode,
            least,
            bit_depth=preprocess.bit_depth,
            name=file.name,
        )
    except BadImage as error:
        raise UserError(f"{file} cannot be decoded: {error}") from error
    height, width = preprocess.image_size
    resampling = Image.Resampling[preprocess.interpolation.upper()]
    image = fit(decoded.image, (height, width), resampling, preprocess.aspect_ratio)
    return image, decoded.clipped


def encode(image: Image.Image, preprocess: Preprocess) -> bytes:
    """Return the pixels, uint8 (height, width, channels) in C order, or a PNG or JPEG file."""
    if preprocess.encoding == "raw":
        return image.tobytes()
    buffer = io.BytesIO()
    if preprocess.encoding == "png":
        image.save(buffer, "PNG")
    else:
        # Pillow's default, colour at half resolution (4:2:0), was off by up to 42 of 255 at 10x6.
        image.save(buffer, "JPEG", quality=preprocess.jpeg_quality, subsampling=0)
    return buffer.getvalue()
