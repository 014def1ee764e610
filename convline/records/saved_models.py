"""Save and load trained models: each file describes its model; equal models are equal files."""

import json
import re
import zipfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

from convline.runtime.errors import UserError
from convline.runtime.files import fresh_file, scratch_dir
from convline.runtime.keras_backend import keras

# In the Keras archive, Keras writes this JSON file and never reads it; ENTRY is the description.
METADATA, ENTRY = "metadata.json", "convline"
TRAIN = "run `dvc repro`, or `dvc pull {}` if it has been trained and shared already"


@dataclass(frozen=True)
class Description:
    """What a trained model is.

    Attributes:
        model: `scratch` or `transfer`.
        takes: `images` of the size and colour that preprocess wrote, `any images` of any size in
            RGB (models/classifier.keras), or `features`: a head without its backbone.
        classes: names in the order of the probabilities.
        fine_tuned: True if layers of the backbone were trained with the head.
        convolutions: names of the convolutional layers, first to last, of the CNN (`scratch`) or of
            each backbone by its name; empty for a head.
        bit_depth: of a model that takes any images: number of significant bits of images with
            16-bit channels (`preprocess.bit_depth`).
    """

    model: Literal["scratch", "transfer"]
    takes: Literal["features", "images", "any images"]
    classes: list[str]
    fine_tuned: bool
    convolutions: dict[str, list[str]]
    bit_depth: int = 16


@dataclass(frozen=True)
class TrainedModel:
    """A trained network with its description.

    Attributes:
        network: returns probabilities, float32 (batch, classes), or (batch, 1) for a sigmoid. A
            transfer model that takes images has the layers `extractor` and `head`. A model that
            takes any images has a layer `resize` and a layer named as `description.model`, the
            network that takes images.
        description: what the network is.
    """

    network: keras.Model
    description: Description

    def described(self, network: keras.Model, **changes: Any) -> Self:
        """Return the model with another network and these changes of its description."""
        return replace(self, network=network, description=replace(self.description, **changes))

    def save(self, path: Path) -> None:
        """Write a Keras archive whose bytes depend on the model alone.

        Keras 3.15 writes the time in two places, `date_saved` in metadata.json and the date of one
        member of the zip; both are replaced by 1980-01-01. It also identifies objects that layers
        share by their address in memory, which is replaced by a number.
        """
        with fresh_file(path) as partial, scratch_dir(path.with_suffix(".saving")) as folder:
            dated = folder / path.name
            self.network.save(dated)
            with zipfile.ZipFile(dated) as source, zipfile.ZipFile(partial, "w") as target:
                for name in sorted(source.namelist()):
                    content = source.read(name)
                    if name == METADATA:
                        content = self._described_in(content)
                    elif name == "config.json":
                        content = _number_shared_objects(content)
                    target.writestr(zipfile.ZipInfo(name), content)

    def _described_in(self, metadata: bytes) -> bytes:
        changes = {"date_saved": "1980-01-01@00:00:00", ENTRY: asdict(self.description)}
        return json.dumps(json.loads(metadata) | changes).encode()


def load_model(path: Path) -> TrainedModel:
    """Load a model with its description.

    Keras's safe mode refuses files that contain code. The layers of `convline.networks` that the
    model uses must have been imported.

    Raises:
        UserError: the file is missing, has no description or is not one of this project's models.
    """
    train = TRAIN.format(path)
    if not path.is_file():
        raise UserError(f"there is no {path}; {train}")
    try:
        with zipfile.ZipFile(path) as archive:
            metadata = json.loads(archive.read(METADATA))
        if ENTRY not in metadata:
            raise UserError(
                f"{path} does not contain its class names: another version or program wrote it; "
                f"{train}"
            )
        description = Description(**metadata[ENTRY])
        network = keras.models.load_model(path, compile=False, safe_mode=True)
    except UserError:
        raise
    except Exception as error:
        # Keras raises a dozen kinds of exceptions for files that are something else.
        why = f"{path} is not a model that this project trained"
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise UserError(f"{why}; {train}\n({reason})") from error
    return TrainedModel(network, description)


def _number_shared_objects(config: bytes) -> bytes:
    numbers: dict[bytes, int] = {}

    def number(match: re.Match[bytes]) -> bytes:
        return match[1] + str(numbers.setdefault(match[2], len(numbers))).encode()

    return re.sub(rb'("shared_object_id": )(\d+)', number, config)
