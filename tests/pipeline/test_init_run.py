"""`convline init` and the run that it estimates, on real images: about 5 minutes."""

import os
import re
import time
from pathlib import Path

import pytest

from tests.commands import convline, make_repository, python

DATA = Path(os.environ.get("TEST_DATA_DIR", "no-such-folder")).resolve()
XRAYS = DATA / "chest-xray-pneumonia.zip"  # 3,166 images, 28x28
UNITS = {"s": 1, "min": 60, "h": 3600}

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "source",
    [
        "digits",
        pytest.param(
            str(XRAYS),
            marks=pytest.mark.skipif(not XRAYS.exists(), reason="TEST_DATA_DIR has no X-rays"),
        ),
    ],
    ids=["digits", "X-rays"],
)
def test_the_estimate_is_right_within_a_factor_of_two(tmp_path, source):
    repository = make_repository(tmp_path / "clone", "default")
    result = convline(repository, "init", source)
    assert result.returncode == 0, result.stderr
    number, unit = re.search(
        r"^make repro +about ([\d.]+) (s|min|h) ", result.stdout, re.MULTILINE
    ).groups()
    estimated = float(number) * UNITS[unit]
    start = time.monotonic()
    run = python(repository, "convline.runtime.repro")
    took = time.monotonic() - start
    assert run.returncode == 0, run.stderr
    assert estimated / 2 < took < estimated * 2
