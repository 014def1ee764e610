"""Run the `convline` command: `convline predict photo.jpg`, or `python -m convline predict ...`."""

from convline.cli import repository
from convline.cli.command_group import convline


def main() -> None:
    repository.enter()
    convline(prog_name="convline")


if __name__ == "__main__":
    main()
