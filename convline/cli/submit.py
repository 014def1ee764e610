"""Predict a Kaggle competition's test images, and submit.

    convline submit                       write submission.csv, show it, send nothing
    convline submit --yes                 also send it
    convline submit --values probability --clip 0.005      for competitions scored by log loss

The sample submission and the test images are read from the competition's archive in data/raw; the
model is the one that `evaluate` chose. Rows and columns are those of the sample. What a column
holds (a class, its index, a probability) is derived from the sample and printed. Whole numbers in
a sample may mean an index or a probability, so check what the competition scores. Log loss punishes
a confident mistake almost without limit: use --clip there (0.005 to 0.01 is usual). The message on
Kaggle contains the commit.

Writes  submission.csv
"""

from pathlib import Path

import click

from convline.cli import options
from convline.submitting.submission_columns import VALUES, Values


@options.command(help=__doc__)
@click.option("--yes", is_flag=True, help="send the file to Kaggle")
@options.output(Path("submission.csv"), what="submission file")
@click.option(
    "--values",
    type=click.Choice(VALUES),
    help="content of a cell (default: derived from the sample)",
)
@click.option(
    "--positive",
    metavar="CLASS",
    help="class of a column of probabilities, or the class that counts as 1 "
    "(default: evaluate.positive_class, or the second class)",
)
@click.option(
    "--clip", type=float, default=0.0, metavar="P", help="keep probabilities between P and 1 - P"
)
@click.option(
    "--sample",
    metavar="NAME",
    help="sample submission file, in the archive or on disk (default: found by name)",
)
@click.option(
    "--images",
    metavar="FOLDER",
    help="folder of the test images in the archive (default: found by name)",
)
@click.option(
    "--competition",
    metavar="NAME",
    help="competition on Kaggle (default: the one that data/raw was downloaded from)",
)
@options.model
@options.batch_size
def main(
    *,
    yes: bool,
    output: Path,
    values: Values | None,
    positive: str | None,
    clip: float,
    sample: str | None,
    images: str | None,
    competition: str | None,
    model: Path,
    batch_size: int,
) -> None:
    from convline.params.loading import load_params
    from convline.sources.provenance import read_source
    from convline.submitting import submission_file
    from convline.submitting.kaggle_upload import Submission, commit
    from convline.submitting.sample_submission import find_sample
    from convline.submitting.submission_columns import check_options, decide

    params, source = load_params(), read_source()
    encoding = params.organize.metadata_encoding
    competition = submission_file.find_competition(competition, source, send=yes)
    made_by = commit()  # before the file is written
    asked = find_sample(source.archive, sample, images, encoding)
    # TensorFlow takes seconds to load: first everything that may be missing.
    from convline.serving.loaded_classifier import load_classifier
    from convline.submitting.competition_predictions import predict, trained_part

    classifier = load_classifier(model)
    positive_class = positive or params.evaluate.positive_class
    form = decide(asked.asked, classifier.classes, values, positive_class)
    check_options(form, clip, positive)
    probabilities = predict(classifier, source.archive, asked.images, batch_size, encoding)
    submission_file.write(asked, form.fill(probabilities, clip), output)
    print(submission_file.describe(output, asked, form, clip))
    if competition is None:
        print(f"nothing was sent: {submission_file.no_competition(source)}")
        return
    submission = Submission(output, competition, f"convline {made_by}: {trained_part(classifier)}")
    print(submission.describe())
    if not yes:
        print("nothing was sent; add --yes")
        return
    print(f"Kaggle: {submission.send()}\nits score: {submission.page}/submissions")
