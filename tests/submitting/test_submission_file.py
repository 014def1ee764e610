"""A submission is the sample with other cells, in the sample's form."""

from dataclasses import replace

import pandas as pd
import pytest

from convline.submitting.sample_submission import Sample
from convline.submitting.submission_columns import decide
from convline.submitting.submission_file import describe, write

TABLE = pd.DataFrame({"id": ["07", "8"], "label": ["0", "0"]})
SAMPLE = Sample("sample.csv", TABLE, ",", "id", ["test/07.jpg", "test/8.jpg"], 0, [])


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_file_has_the_delimiter_of_the_sample(tmp_path, delimiter):
    write(replace(SAMPLE, delimiter=delimiter), {"label": ["1", "0"]}, tmp_path / "a.csv")
    expected = "id,label\n07,1\n8,0\n".replace(",", delimiter)
    assert (tmp_path / "a.csv").read_text() == expected


def test_the_summary_contains_what_was_guessed(tmp_path):
    sample = replace(SAMPLE, notes=["read as cp1252"])
    write(sample, {"label": ["1", "0"]}, tmp_path / "a.csv")
    form = decide(SAMPLE.asked, ["cat", "dog"], "index", None)
    lines = describe(tmp_path / "a.csv", sample, form, clip=0).splitlines()
    assert lines[0].endswith("a.csv: 2 rows, as in sample.csv")
    assert lines[2:] == ["  read as cp1252", "    id,label", "    07,1", "    8,0"]
