"""Inspect images, and write params.yaml for them.

    convline init ~/photos.zip            a zip, a tar or a folder
    convline init kaggle:owner/name       a data set of Kaggle (kaggle:name: a competition)
    convline init keras:cifar10           a data set of Keras
    convline init digits                  scikit-learn's digits (./digits is a folder)
    convline init ~/photos.zip train.epochs=10 preprocess.image_size=[128,128]
                                          with params of your own
    convline init ~/photos.zip --dry-run  only show what would be chosen

Nothing is trained. The command reports what it found, chooses a value for each parameter that
depends on the images, with its reason, and estimates what `make repro` costs on this machine. Look
at report/images.html before you run it: a contact sheet and the class balance.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from convline.cli import options, repository
from convline.inspection.draft import Draft
from convline.inspection.images_page import write_page
from convline.inspection.plan import make_plan
from convline.inspection.plan_text import describe
from convline.inspection.source_argument import download_params, is_here, open_source
from convline.params.presets import show_change, write
from convline.params.schema import Download
from convline.runtime import paths
from convline.runtime.dvc import run_dvc
from convline.runtime.errors import UserError
from convline.runtime.git import git
from convline.runtime.printable import printable


@options.command(help=__doc__)
@click.argument("source", help="path, digits, keras:NAME, kaggle:COMPETITION, kaggle:OWNER/NAME")
@click.argument("values", nargs=-1, metavar="[PARAM=VALUE]...", help="parameters to keep")
@click.option("--yes", is_flag=True, help="overwrite a changed params.yaml without a question")
@click.option("--dry-run", is_flag=True, help="show the change and write nothing")
def main(source: str, values: tuple[str, ...], yes: bool, dry_run: bool) -> None:
    params = download_params(source, repository.user_folder)
    draft = Draft(params, values)
    download = draft.params().download
    downloads_first = not (dry_run or is_here(download))
    if downloads_first:
        _require_consent(yes)
    with _restored_on_failure():
        if downloads_first:
            _run_download(draft)
        with open_source(download) as archive:
            plan = make_plan(archive, _name(download), params, values)
    for line in describe(plan):
        print(printable(line))
    change = show_change(plan.text, "new")
    if dry_run:
        print(f"\n{change or f'{paths.PARAMS} has these params already'}")
        return
    if change and not downloads_first:
        _require_consent(yes)
    page = write_page(plan)
    write(plan.text)
    print(f"{page}: look at the images, then run `make repro`")


def _name(download: Download) -> str:
    name = Path(download.path).name if download.path else download.name
    # A line break would end the comment in params.yaml.
    return printable(" ".join((name or download.kind).split()))


def _require_consent(yes: bool) -> None:
    """Ask before a params.yaml with uncommitted changes is overwritten.

    Raises:
        UserError: the answer is no, or there is no terminal to ask in.
    """
    if yes or not git("status", "--porcelain", "--", str(paths.PARAMS), may_fail=True):
        return
    problem = f"{paths.PARAMS} has changes that are not committed"
    if not sys.stdin.isatty():
        raise UserError(f"{problem}; commit them, or overwrite them with --yes")
    if not click.confirm(f"{problem}. Overwrite them?"):
        raise UserError(f"{paths.PARAMS} was not changed")


def _run_download(draft: Draft) -> None:
    """Run the stage download, so that the pipeline does not download again."""
    write(draft.text("Download of `convline init`."))
    if status := run_dvc("repro", "download", capture=False).returncode:
        sys.exit(status)


@contextmanager
def _restored_on_failure() -> Iterator[None]:
    """Restore params.yaml if the block fails or is stopped."""
    before = paths.PARAMS.read_bytes() if paths.PARAMS.exists() else None
    try:
        yield
    except BaseException:
        if before is None:
            paths.PARAMS.unlink(missing_ok=True)
        elif paths.PARAMS.read_bytes() != before:
            paths.PARAMS.write_bytes(before)
        raise
