"""Which networks and random changes `convline init` chooses."""

from collections import Counter

import pytest

from convline.inspection.training_choices import choose_blocks, choose_training


def choose(counts, images=1000, side=32, color_mode="rgb"):
    chosen = choose_training(Counter(counts), images, [side, side], color_mode)
    return {choice.param: choice.value for choice in chosen}


@pytest.mark.parametrize(
    ("side", "blocks"), [(8, 2), (28, 2), (32, 3), (64, 4), (96, 4), (160, 5), (224, 5), (512, 5)]
)
def test_the_last_block_sees_four_pixels_or_more(side, blocks):
    assert choose_blocks(side) == blocks


@pytest.mark.parametrize(
    ("classes", "color_mode", "flip"),
    [
        (["cat", "dog"], "rgb", True),
        (["cat", "dog"], "grayscale", False),
        (["0", "1"], "rgb", False),
        (["10", "11"], "rgb", False),
        (["A", "B"], "rgb", False),
        (["turn left", "turn_right"], "rgb", False),
        (["left", "up"], "rgb", False),
        (["bright", "leftover"], "rgb", True),
    ],
)
def test_images_are_mirrored_only_where_that_keeps_the_class(classes, color_mode, flip):
    values = choose(dict.fromkeys(classes, 50), color_mode=color_mode)
    assert values["train.augmentation.horizontal_flip"] is flip


@pytest.mark.parametrize(("most", "value"), [(100, "none"), (190, "none"), (200, "balanced")])
def test_unbalanced_classes_are_weighted_in_both_models(most, value):
    values = choose({"cat": most, "dog": 100, "bee": 150})
    assert values["train.class_weight"] == values["train_head.class_weight"] == value


@pytest.mark.parametrize(("classes", "units"), [(2, None), (20, None), (21, []), (100, [])])
def test_many_classes_get_no_narrow_hidden_layer(classes, units):
    values = choose({f"class {number}": 50 for number in range(classes)})
    assert values.get("train.dense_units") == units
    assert values["train.batch_normalization"] is False


@pytest.mark.parametrize(
    ("images", "epochs", "patience", "batch"),
    [
        (27, 100, 15, 32),
        (1400, 50, 10, 32),
        (17_500, 30, 6, 32),
        (20_000, 30, 6, 64),
        (60_000, 20, 4, 64),
    ],
)
def test_more_images_need_fewer_epochs(images, epochs, patience, batch):
    values = choose({"cat": 50, "dog": 50}, images=images)
    assert values["train.epochs"] == epochs
    assert values["train.early_stopping_patience"] == patience
    assert values["train.batch_size"] == batch


@pytest.mark.parametrize(
    ("classes", "positive"),
    [
        (["NORMAL", "PNEUMONIA"], "PNEUMONIA"),
        (["damaged", "good"], "damaged"),
        (["fire", "no_fire"], "fire"),
        (["cat", "dog"], None),
        (["normal", "virus", "bacteria"], None),
        (["north", "none"], "north"),
    ],
)
def test_the_class_to_find_is_not_the_normal_one(classes, positive):
    assert choose(dict.fromkeys(classes, 50)).get("evaluate.positive_class") == positive
