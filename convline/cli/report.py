"""Write report/index.html, a page about the last run.

    convline report                       after `dvc repro`
    convline report -o ~/digits.html      into another file

The page is one file. It loads nothing from a network, has no script, and fits a phone. It contains
every plot that dvc.yaml defines.

Reads   metrics/, params.yaml, dvc.yaml, models/, and the output of `dvc plots show`, `dvc status`
        and Git
Writes  report/index.html, which Git ignores, and models/README.md, the model card
"""

from pathlib import Path

from convline.cli import options

PAGE = Path("report/index.html")


@options.command(help=__doc__)
@options.output(PAGE, what="file for the page")
def main(output: Path) -> None:
    # Slow imports come after the arguments have been checked.
    from convline.reporting.report_page import write_page

    size = write_page(output)
    print(f"{output} ({size / 1e6:.1f} MB): open it in a browser")
