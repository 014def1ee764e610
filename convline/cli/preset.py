"""List the named experiments of presets/, or put one into params.yaml.

    convline preset                       list them
    convline preset dogs-vs-cats          show what changes in params.yaml, and change it
    convline preset dogs-vs-cats --show   show it alone
    convline preset default download.kind=archive download.path=~/photos.zip
                                                 with values of your own
    convline preset default                back to the default

`presets/default.yaml` is the whole default; every other preset holds what differs from it. A preset
replaces all of params.yaml, so that the result does not depend on what stood there before.
"""

import argparse
import difflib

from convline.cli import options
from convline.params.presets import list_presets, render, write
from convline.runtime import paths
from convline.runtime.runner import run


def main() -> None:
    arguments = parse_arguments()
    if arguments.name is None:
        print(list_presets())
        return
    text = render(arguments.name, arguments.values)
    before = paths.PARAMS.read_text(encoding="utf-8") if paths.PARAMS.exists() else ""
    change = difflib.unified_diff(
        before.splitlines(), text.splitlines(), str(paths.PARAMS), arguments.name, lineterm="", n=0
    )
    print("\n".join(change) or f"{paths.PARAMS} is {arguments.name} already")
    if not arguments.show:
        write(text)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = options.parser("preset", __doc__)
    parser.add_argument("name", nargs="?", help="the preset; without it, all are listed")
    parser.add_argument("values", nargs="*", metavar="PARAM=VALUE", help="what to set besides")
    parser.add_argument("--show", action="store_true", help="change nothing")
    return parser.parse_intermixed_args()


if __name__ == "__main__":
    run(main)
