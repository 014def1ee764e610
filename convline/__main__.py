"""Run the `convline` command: `convline predict photo.jpg`, or `python -m convline predict ...`."""

import signal

from convline.cli import repository
from convline.cli.command_group import convline


def main() -> None:
    # Until `runner.run` takes over, Ctrl-C during the imports ends the command without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    repository.enter()
    convline(prog_name="convline")


if __name__ == "__main__":
    main()
