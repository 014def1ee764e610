"""Write a submission in the form of the sample submission, and find the competition for it."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from convline.runtime.errors import UserError
from convline.runtime.files import fresh_file
from convline.sources.provenance import Source
from convline.submitting.sample_submission import Sample
from convline.submitting.submission_columns import Form

LINES = 4  # shown of the file


def find_competition(asked: str | None, source: Source, *, send: bool) -> str | None:
    """Return `asked`, or the competition of data/raw; None if there is none.

    Raises:
        UserError: there is none, and the submission is to be sent.
    """
    competition = asked or source.competition
    if send and competition is None:
        raise UserError(no_competition(source))
    return competition


def no_competition(source: Source) -> str:
    """Return why there is no competition, and what to do."""
    return (
        f"no competition given, and data/raw is from download.kind={source.kind}; "
        "pass --competition NAME"
    )


def write(sample: Sample, cells: Mapping[str, list[str]], output: Path) -> None:
    """Write the sample with other cells: its columns, its rows, in its order."""
    with fresh_file(output) as partial:
        table = sample.table.assign(**cells)
        table.to_csv(partial, sep=sample.delimiter, index=False, lineterminator="\n")


def describe(output: Path, sample: Sample, form: Form, clip: float) -> str:
    """Return a summary of the written file, with its first lines."""
    lines = [f"{output}: {len(sample.table):,} rows, as in {sample.name}", f"  {form.describe()}"]
    if clip:
        lines.append(f"  clipped to {clip:g} and {1 - clip:g}")
    elif form.content == "probability":
        lines.append("  not clipped; where log loss is scored, add --clip 0.005")
    if sample.others:
        lines.append(f"  {sample.others:,} test images of the archive are in no row of the sample")
    lines += [f"  {note}" for note in sample.notes]
    with output.open(encoding="utf-8") as file:
        lines += [f"    {line.rstrip()}" for line in islice(file, LINES)]
    return "\n".join([*lines, "    ..."] if len(sample.table) >= LINES else lines)
