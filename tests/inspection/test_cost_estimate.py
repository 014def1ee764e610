"""The estimate: it grows with the work, and contains the CNN's operations."""

from dataclasses import replace

import pytest

from convline.inspection.cost_estimate import (
    Estimate,
    Work,
    estimate,
    scratch_operations,
    speed_probe,
)

WORK = Work((700, 150, 150), 10**7, 10**7, decoding=0.001, resizing=0.002)


def test_the_operations_of_the_tutorials_cnn(default_params):
    train = default_params.train.model_copy(update={"filters": [32, 32, 64], "dense_units": [64]})
    convolutions = 150**2 * 27 * 32 + 75**2 * 288 * 32 + 37**2 * 288 * 64
    assert scratch_operations(train, [150, 150], 3) == 2 * (convolutions + 18 * 18 * 64 * 64)


def test_more_images_and_epochs_cost_more(default_params):
    less = estimate(default_params, WORK, 1e11)
    more = estimate(default_params, replace(WORK, splits=(7000, 1500, 1500)), 1e11)
    assert all(
        more.seconds[stage][1] > less.seconds[stage][1]
        for stage in ("organize", "extract", "train")
    )
    low, middle, high = less.seconds["train"]
    assert low < middle < high
    assert len(set(less.seconds["extract"])) == 1


def test_a_faster_machine_costs_less(default_params):
    slow, fast = (estimate(default_params, WORK, speed) for speed in (1e10, 1e12))
    assert slow.total(1) > fast.total(1)
    assert slow.disk == fast.disk


@pytest.mark.parametrize(
    ("seconds", "words"),
    [((30, 40, 50), "about 40 s (30 to 50 s,"), ((60, 120, 240), "about 2 min (60 s to 4 min,"),
     ((7200, 7200, 7200), "about 2.0 h and")],
)  # fmt: skip
def test_the_words(seconds, words):
    assert Estimate({"train": seconds}, 2e9).describe().startswith(words)
    assert Estimate({"train": seconds}, 2e9).describe().endswith("and 2.0 GB of disk space")


@pytest.mark.slow
def test_the_probe_measures_this_machine():
    with speed_probe("cpu", "float32") as probe:
        assert probe.measure() > 1e9


@pytest.mark.slow
def test_a_probe_without_its_device_gives_no_speed():
    with speed_probe("gpu", "float32") as probe:
        assert probe.measure() is None
