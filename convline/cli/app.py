"""Serve the classifier as a web page: drop a picture, see its class and what speaks for it.

    convline app                           http://127.0.0.1:8000, for this machine alone
    convline app --port 8080 --max-megabytes 50
    convline app --host 0.0.0.0            for everybody in the network

The model is the one that `evaluate` chose, models/classifier.keras. Pictures are read in memory and
kept nowhere; the page loads nothing from elsewhere, and nothing is sent there. Ctrl-C ends it.
"""

import argparse
import os
import socket
import sys
import webbrowser
from pathlib import Path

from convline.cli import options
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.runner import run

SCREENS = {"DISPLAY", "WAYLAND_DISPLAY"}
PORTS = 2**16
EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104 (asked for by name)


def main() -> None:
    arguments = parse_arguments()
    with listen(arguments.host, arguments.port) as sock:
        # After the port is ours: TensorFlow takes seconds to load.
        from aiohttp import web  # noqa: PLC0415

        from convline.serving.loaded_classifier import load_classifier  # noqa: PLC0415
        from convline.serving.test_examples import read_examples  # noqa: PLC0415
        from convline.serving.web_app import application  # noqa: PLC0415

        classifier = load_classifier(arguments.model)
        examples = read_examples(classifier.classes)
        app = application(classifier, examples, arguments.max_megabytes, arguments.host)
        address = address_of(arguments.host, sock.getsockname()[1])
        # Who is still uploading when it ends is not waited for.
        web.run_app(
            app, sock=sock, print=lambda _: show(address), access_log=None, shutdown_timeout=1
        )


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = options.parser("app", __doc__)
    add = parser.add_argument
    add("--host", type=host, default="127.0.0.1", metavar="ADDRESS", help="default: this machine")
    add("--port", type=port, default=8000, metavar="N", help="0: any that is free")
    limit = "of one picture"
    add("--max-megabytes", type=options.positive, default=20, metavar="N", help=limit)
    add("--model", type=Path, default=paths.CLASSIFIER, metavar="FILE")
    return parser.parse_args()


def host(text: str) -> str:
    """An address, as an argument's `type`: an empty one would be all of them."""
    if not text:
        raise argparse.ArgumentTypeError("must not be empty; 0.0.0.0: all of this machine's")
    return text


def port(text: str) -> int:
    """A port, as an argument's `type`."""
    number = int(text)
    if not 0 <= number < PORTS:
        raise argparse.ArgumentTypeError(f"must be 0 to {PORTS - 1}, got {number}")
    return number


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there.

    Raises:
        UserError: another program does, or there is no such address.
    """
    try:
        if ":" not in host:
            return socket.create_server((host, port))
        both = socket.has_dualstack_ipv6() and host == "::"
        return socket.create_server((host, port), family=socket.AF_INET6, dualstack_ipv6=both)
    except OSError as error:
        # Python adds the address, as it writes tuples.
        reason = str(error.strerror).partition(" (while")[0]
        why = f"cannot listen on {host}, port {port}: {reason}"
        raise UserError(f"{why}; name another --port or --host") from None


def address_of(host: str, port: int) -> str:
    """Where people find the page: where it listens everywhere, by this machine's name."""
    name = socket.gethostname() if host in EVERYWHERE else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def show(address: str) -> None:
    """Say where the page is, and open it where there is a terminal and a screen."""
    print(f"{address} (Ctrl-C ends it)", flush=True)
    screen = sys.platform in {"darwin", "win32"} or SCREENS & os.environ.keys()
    if sys.stdout.isatty() and screen:
        webbrowser.open(address)


if __name__ == "__main__":
    run(main)
