"""From folders of images to TFRecords: the same bytes every time, and every image once."""

import io
import itertools
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convline.images.aspect_ratio import fit
from convline.images.decoding import decode
from convline.records import shards
from convline.records.dataset import load_dataset
from convline.records.tfrecord_reader import read_batches
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.tensorflow_setup import tf
from stages import preprocess

HEIGHT, WIDTH = 6, 10
COUNTS = {
    "train": {"bee": 5, "cat": 9, "dog": 11},
    "validation": {"bee": 1, "cat": 2, "dog": 3},
    "test": {"bee": 2, "cat": 2, "dog": 3},
}
LABELS = {"bee": 0, "cat": 1, "dog": 2}


@pytest.mark.parametrize("encoding", ["raw", "png", "jpeg"])
def test_the_bytes_do_not_depend_on_the_number_of_workers(ready, monkeypatch, encoding):
    results = []
    for workers in (1, 4, 4):
        monkeypatch.setattr(os, "cpu_count", lambda workers=workers: workers)
        ready(encoding=encoding)
        results.append({file.name: file.read_bytes() for file in paths.TFRECORDS.iterdir()})
    assert results[0] == results[1] == results[2]


def test_a_stopped_run_leaves_its_shards_to_the_next_one(ready, monkeypatch):
    ready(encoding="png")
    whole = {file.name: file.read_bytes() for file in paths.TFRECORDS.iterdir()}
    decoded, load = [], shards.load_image

    def stopping(file, section):
        decoded.append(file)
        if len(decoded) == 20:
            raise KeyboardInterrupt
        return load(file, section)

    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    monkeypatch.setattr(shards, "load_image", stopping)
    with pytest.raises(KeyboardInterrupt):
        ready(encoding="png")
    left = paths.TFRECORDS.with_name(".partial-tfrecords")
    assert len(list(left.glob("train-*.tfrecord"))) == 2  # of 9 and of 8 images
    ready(encoding="png")
    assert len(decoded) == 20 + sum(sum(x.values()) for x in COUNTS.values()) - 17
    assert {file.name: file.read_bytes() for file in paths.TFRECORDS.iterdir()} == whole
    assert not left.exists()


def test_another_seed_writes_another_order(ready, set_params):
    ready()
    first = records("train")
    set_params(seed=43)
    ready()
    second = records("train")
    assert first.keys() == second.keys()
    assert list(first) != list(second)


def test_shards_are_numbered_and_as_even_as_can_be(ready):
    ready()
    shards = json.loads((paths.TFRECORDS / "dataset.json").read_text())["splits"]["train"]["shards"]
    assert shards == {
        "train-00000-of-00003.tfrecord": 9,
        "train-00001-of-00003.tfrecord": 8,
        "train-00002-of-00003.tfrecord": 8,
    }
    for shard, examples in shards.items():
        assert sum(1 for _ in tf.data.TFRecordDataset(str(paths.TFRECORDS / shard))) == examples


def test_dataset_json_describes_the_records(ready):
    ready(encoding="png", color_mode="rgb")
    content = json.loads((paths.TFRECORDS / "dataset.json").read_text())
    shards = {split: content["splits"][split].pop("shards") for split in COUNTS}
    assert content == {
        "classes": ["bee", "cat", "dog"],
        "encoding": "png",
        "image_shape": [HEIGHT, WIDTH, 3],
        "splits": {
            split: {"classes": counts, "examples": sum(counts.values())}
            for split, counts in COUNTS.items()
        },
    }
    files = {file.name for file in paths.TFRECORDS.iterdir()}
    assert files == {"dataset.json", *shards["train"], *shards["validation"], *shards["test"]}


def test_the_metrics_count_shards_and_bytes(ready):
    ready()
    files = [file.stat().st_size for file in paths.TFRECORDS.iterdir()]
    metrics = json.loads(paths.metrics("preprocess").read_text())
    assert metrics == {"preprocess": {"shards": 5, "bytes": sum(files)}}
    assert len(files) == 6


@pytest.mark.parametrize("color_mode", ["grayscale", "rgb"])
@pytest.mark.parametrize(("encoding", "tolerance"), [("raw", 0), ("png", 0), ("jpeg", 6)])
def test_every_image_is_read_back_with_its_label_and_pixels(ready, encoding, tolerance, color_mode):
    ready(encoding=encoding, color_mode=color_mode, jpeg_quality=90)
    for split, counts in COUNTS.items():
        found = records(split)
        assert sorted(found) == [
            f"{name}/{split}{i:02}.png" for name, images in counts.items() for i in range(images)
        ]
        for key, (pixels, label) in found.items():
            assert label == LABELS[key.split("/")[0]]
            original = Image.open(paths.ORGANIZED / split / key)
            expected = original.convert("L" if color_mode == "grayscale" else "RGB")
            expected = through_jpeg(expected, 90) if encoding == "jpeg" else expected
            difference = pixels - np.asarray(expected, int).reshape(pixels.shape)
            assert np.abs(difference).max() <= tolerance


def test_classes_are_mixed_on_disk(ready):
    ready()
    labels = [label for _, label in records("train").values()]
    assert sum(a != b for a, b in itertools.pairwise(labels)) > 2 * len(LABELS)


def test_no_example_of_the_last_batch_is_dropped_and_the_number_of_batches_is_known(ready):
    ready()
    batches = read("train", batch_size=8)
    assert batches.cardinality() == 4
    assert [images.shape for images, *_ in batches] == [(8, HEIGHT, WIDTH, 1)] * 3 + [
        (1, HEIGHT, WIDTH, 1)
    ]


def test_each_epoch_is_shuffled_differently_and_repeats_by_seed(ready):
    ready()
    order = keys_of(read("train"))
    batches, again = (read("train", shuffle_seed=7) for _ in range(2))
    first, second = keys_of(batches), keys_of(batches)
    assert sorted(first) == sorted(second) == sorted(order)
    assert order != first != second
    assert [first, second] == [keys_of(again), keys_of(again)]


@pytest.mark.parametrize("batch_size", [4, 1000])
@pytest.mark.parametrize("difference", [-1, 1])
def test_a_wrong_count_in_dataset_json_makes_reading_fail(ready, difference, batch_size):
    ready()
    content = json.loads((paths.TFRECORDS / "dataset.json").read_text())
    content["splits"]["train"]["shards"]["train-00001-of-00003.tfrecord"] += difference
    (paths.TFRECORDS / "dataset.json").write_text(json.dumps(content))
    with pytest.raises(tf.errors.FailedPreconditionError):
        keys_of(read("train", batch_size))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos"])
def test_images_are_resized_to_height_and_width(ready, interpolation):
    noise = np.random.default_rng(0).integers(0, 256, (50, 33), np.uint8)
    Image.fromarray(noise).save(paths.ORGANIZED / "train/cat/large.png")
    ready(interpolation=interpolation)
    method = Image.Resampling[interpolation.upper()]
    expected = Image.fromarray(noise).resize((WIDTH, HEIGHT), method)
    pixels, _ = records("train")["cat/large.png"]
    assert (pixels[..., 0] == np.asarray(expected)).all()


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_a_large_jpeg_is_decoded_at_a_fraction_but_for_nearest(ready, interpolation):
    noise = np.random.default_rng(0).integers(0, 256, (160, 200), np.uint8)
    file = paths.ORGANIZED / "train/cat/large.jpg"
    Image.fromarray(noise).save(file)
    ready(interpolation=interpolation)
    method = Image.Resampling[interpolation.upper()]
    # Both sides of the fraction are twice as long as the longer one of the result.
    full, reduced = (decode(file.read_bytes(), "grayscale", x) for x in (None, 2 * WIDTH))
    assert (full.size, reduced.size) == ((200, 160), (25, 20))
    expected = full if interpolation == "nearest" else reduced
    pixels, _ = records("train")["cat/large.jpg"]
    assert (pixels[..., 0] == np.asarray(expected.resize((WIDTH, HEIGHT), method))).all()


@pytest.mark.parametrize("aspect_ratio", ["crop", "pad"])
def test_images_keep_their_shape(ready, aspect_ratio):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 33), np.uint8))
    image.save(paths.ORGANIZED / "train/cat/large.png")
    ready(aspect_ratio=aspect_ratio)
    expected = fit(image, (HEIGHT, WIDTH), Image.Resampling.BILINEAR, aspect_ratio)
    pixels, _ = records("train")["cat/large.png"]
    assert (pixels[..., 0] == np.asarray(expected)).all()


def test_exif_orientation_is_applied_before_resizing(ready):
    tags = Image.Exif()
    tags[0x0112] = 6
    stored = Image.linear_gradient("L").resize((HEIGHT, WIDTH))
    stored.save(paths.ORGANIZED / "train/cat/turned.png", exif=tags)
    ready()
    pixels, _ = records("train")["cat/turned.png"]
    assert (pixels[..., 0] == np.rot90(np.asarray(stored), -1)).all()


def test_a_name_beyond_ascii_is_its_key(ready):
    image(0).save(paths.ORGANIZED / "test/dog/猫.png")
    ready()
    assert "dog/猫.png" in records("test")


@pytest.mark.parametrize("examples_per_shard", [1, 7, 1000])
def test_shards_of_any_size_contain_all_examples(ready, examples_per_shard):
    ready(examples_per_shard=examples_per_shard)
    assert [len(records(split)) for split in COUNTS] == [25, 6, 7]


def test_an_image_that_cannot_be_decoded_is_named_and_the_last_result_stays(ready):
    ready()
    before = {file: file.read_bytes() for file in paths.TFRECORDS.iterdir()}
    (paths.ORGANIZED / "test/dog/bad.png").write_bytes(b"text")
    with pytest.raises(UserError, match=r"test/dog/bad\.png cannot be decoded: not an image"):
        ready()
    assert {file: file.read_bytes() for file in paths.TFRECORDS.iterdir()} == before
    assert not list(Path().rglob(".partial-*"))


def test_values_beyond_the_bit_depth_are_clipped_and_counted(ready, capsys):
    deep = np.full((HEIGHT, WIDTH), 4095, np.uint16)
    deep[0, :3] = 5000
    Image.fromarray(deep).save(paths.ORGANIZED / "test/dog/deep.png")
    ready(bit_depth=12, color_mode="grayscale")
    metrics = json.loads(Path("metrics/preprocess.json").read_text())["preprocess"]
    assert (metrics["clipped_images"], metrics["clipped_values"]) == (1, 3)
    out = capsys.readouterr().out
    assert "clipped: 3 values in 1 images are too large for preprocess.bit_depth: 12\n" in out
    pixels, _ = records("test")["dog/deep.png"]
    assert (pixels == 255).all()


def test_with_all_16_bits_nothing_is_clipped(ready):
    deep = np.full((HEIGHT, WIDTH), 4095, np.uint16)
    Image.fromarray(deep).save(paths.ORGANIZED / "test/dog/deep.png")
    ready(color_mode="grayscale")
    assert "clipped" not in Path("metrics/preprocess.json").read_text()
    pixels, _ = records("test")["dog/deep.png"]
    assert (pixels == 15).all()


def test_without_organized_images_the_message_names_the_stage_to_run(workspace):
    with pytest.raises(UserError, match="run `dvc repro organize`"):
        preprocess.main()


@pytest.fixture
def ready(workspace, set_params):
    """Run the stage on the images of COUNTS, with changes of its section."""
    seed = 0
    for split, counts in COUNTS.items():
        for name, images in counts.items():
            (paths.ORGANIZED / split / name).mkdir(parents=True)
            for i in range(images):
                seed += 1
                image(seed).save(paths.ORGANIZED / split / name / f"{split}{i:02}.png")
    set_params(**{"preprocess.image_size": [HEIGHT, WIDTH], "preprocess.examples_per_shard": 10})

    def run(**changes):
        set_params(**{f"preprocess.{name}": value for name, value in changes.items()})
        preprocess.main()

    return run


def image(seed):
    """A smooth image of the target size, in colour, of its own for each seed."""
    corners = np.random.default_rng(seed).integers(0, 256, (2, 2, 3), np.uint8)
    return Image.fromarray(corners).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)


def through_jpeg(picture, quality):
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, subsampling=0)
    return Image.open(buffer)


def read(split, batch_size=4, shuffle_seed=None):
    return read_batches(paths.TFRECORDS, load_dataset(), split, batch_size, shuffle_seed)


def records(split):
    """(pixels, label) of each record by its key, in order."""
    examples = [
        (key.decode(), (pixels.astype(int), label))
        for batch in read(split).as_numpy_iterator()
        for pixels, label, key in zip(*batch, strict=True)
    ]
    assert len(dict(examples)) == len(examples)
    return dict(examples)


def keys_of(batches):
    return [key for *_, keys in batches.as_numpy_iterator() for key in keys]
