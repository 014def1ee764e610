"""Fill in a Kaggle competition's sample submission with what the model says, and send it.

    convline submit                       writes submission.csv, shows it, sends nothing
    convline submit --yes                 and sends it
    convline submit --values probability --clip 0.005      where log loss is scored

The sample and the test images come out of the competition's archive in data/raw, the model is the
one that `evaluate` chose. Rows and columns are the sample's own. What a column holds (a class, its
index, a probability) is told by the sample and said; whole numbers in a sample may mean either of
the last two, so look at what the competition scores. Log loss punishes a confident mistake almost
without limit: clip there, 0.005 to 0.01 is usual. The message on Kaggle names the commit.

Writes  submission.csv
"""

import argparse
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from convline.cli import options
from convline.params.loading import load_params
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.files import fresh_file
from convline.runtime.runner import run
from convline.sources.provenance import Source, read_source
from convline.submitting.kaggle_upload import Submission, commit
from convline.submitting.sample_submission import Sample, find_sample
from convline.submitting.submission_columns import VALUES, Form, check_options, decide

LINES = 4  # of the file that are shown


def main() -> None:
    arguments = parse_arguments()
    source = read_source()
    competition = find_competition(arguments, source)
    # Before the file is written.
    made_by = commit()
    sample = find_sample(source.archive, arguments.sample, arguments.images)
    # After all that may be missing: TensorFlow takes seconds to load.
    from convline.serving.loaded_classifier import load_classifier  # noqa: PLC0415
    from convline.submitting.test_predictions import predict, trained_part  # noqa: PLC0415

    classifier = load_classifier(arguments.model)
    positive = arguments.positive or load_params().evaluate.positive_class
    form = decide(sample.asked, classifier.classes, arguments.values, positive)
    check_options(form, arguments.clip, arguments.positive)
    probabilities = predict(classifier, source.archive, sample.images, arguments.batch_size)
    write(sample, form.fill(probabilities, arguments.clip), arguments.output)
    print(describe(arguments.output, sample, form, arguments.clip))
    if competition is None:
        print(f"nothing was sent: {no_competition(source)}")
        return
    message = f"convline {made_by}: {trained_part(classifier)}"
    submission = Submission(arguments.output, competition, message)
    print(submission.describe())
    if not arguments.yes:
        print("nothing was sent; add --yes")
        return
    print(f"Kaggle: {submission.send()}\nits score: {submission.page}/submissions")


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = options.parser("submit", __doc__)
    add = parser.add_argument
    add("--yes", action="store_true", help="send it; without this, nothing leaves the machine")
    add("-o", "--output", type=options.new_file, default=Path("submission.csv"), metavar="FILE")
    add("--values", choices=VALUES, help="what a cell holds; default: told by the sample")
    add("--positive", metavar="CLASS", help="which class a column of probabilities is of, or, of "
        "two classes, counts as 1; default: evaluate.positive_class, or the second")  # fmt: skip
    add("--clip", type=float, default=0, metavar="P", help="probabilities from P to 1 - P; "
        "default: 0, none")  # fmt: skip
    add("--sample", metavar="NAME", help="the sample submission, in the archive or on disk")
    add("--images", metavar="FOLDER", help="of the test images in the archive")
    add("--competition", metavar="NAME", help="default: the one that data/raw was downloaded from")
    add("--model", type=Path, default=paths.CLASSIFIER, metavar="FILE")
    add("--batch-size", type=options.positive, default=32, metavar="N", help="images at a time")
    return parser.parse_args()


def find_competition(arguments: argparse.Namespace, source: Source) -> str | None:
    """The one named on the command line, else that of data/raw; None where there is none.

    Raises:
        UserError: there is none, and something shall be sent.
    """
    competition: str | None = arguments.competition or source.competition
    if arguments.yes and competition is None:
        raise UserError(f"where shall it go? {no_competition(source)}")
    return competition


def no_competition(source: Source) -> str:
    """Why there is none, and what to do."""
    return f"download.kind is {source.kind} in data/raw, so name it: --competition dogs-vs-cats"


def write(sample: Sample, cells: Mapping[str, list[str]], output: Path) -> None:
    """The sample with other cells: its columns, its rows, their order."""
    with fresh_file(output) as partial:
        sample.table.assign(**cells).to_csv(partial, index=False, lineterminator="\n")


def describe(output: Path, sample: Sample, form: Form, clip: float) -> str:
    """The file that was written, in a few lines."""
    lines = [f"{output}: {len(sample.table):,} rows, as in {sample.name}", f"  {form.describe()}"]
    if clip:
        lines.append(f"  clipped to {clip:g} and {1 - clip:g}")
    elif form.content == "probability":
        lines.append("  not clipped; where log loss is scored, add --clip 0.005")
    if sample.others:
        lines.append(f"  {sample.others:,} test images of the archive are in no row of the sample")
    with output.open(encoding="utf-8") as file:
        lines += [f"    {line.rstrip()}" for line in islice(file, LINES)]
    return "\n".join([*lines, "    ..."] if len(sample.table) >= LINES else lines)


if __name__ == "__main__":
    run(main)
