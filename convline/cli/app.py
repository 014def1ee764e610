"""Serve the classifier as a web page.

    convline app                           http://127.0.0.1:8000, for this machine only
    convline app --port 8080 --max-megabytes 50
    convline app --host 0.0.0.0            for everybody in the network
    convline app --allow-host lab.example  behind a proxy of this name

Drop an image on the page to see its class, and the regions that support it. The model is the one
that `evaluate` chose, models/classifier.keras. Images are read in memory and are not stored; the
page loads nothing from other servers and sends nothing to them. Ctrl-C stops it.
"""

import os
import re
import socket
import sys
import webbrowser
from pathlib import Path

import click

from convline.cli import options
from convline.runtime.errors import UserError

SCREENS = {"DISPLAY", "WAYLAND_DISPLAY"}
NAME = re.compile(r"\w[\w-]*(\.[\w-]+)*")
EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104 (the user asks for it)


def not_empty(_: click.Context, __: click.Parameter, host: str) -> str:
    """Return the address; an empty one would listen on all addresses."""
    if not host:
        raise click.BadParameter("must not be empty; 0.0.0.0 listens on all addresses")
    return host


def host_names(_: click.Context, __: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names as browsers send them: in lower case, in ASCII, without a final dot."""
    ascii_names = []
    for name in names:
        try:
            ascii_names.append(name.lower().rstrip(".").encode("idna").decode())
        except UnicodeError:
            ascii_names.append("")
        if not NAME.fullmatch(ascii_names[-1]):
            raise click.BadParameter(
                f"must be a host name such as lab.example, without scheme and port, got '{name}'"
            )
    return tuple(ascii_names)


@options.command(help=__doc__)
@click.option(
    "--host",
    default="127.0.0.1",
    metavar="ADDRESS",
    callback=not_empty,
    help="address to listen on; the default is for this machine only",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    metavar="N",
    help="port to listen on; 0 chooses a free one",
)
@click.option(
    "--max-megabytes",
    type=click.IntRange(min=1),
    default=20,
    metavar="N",
    help="largest accepted upload, in MB",
)
@click.option(
    "--allow-host",
    "allowed",
    multiple=True,
    metavar="NAME",
    callback=host_names,
    help="another name that browsers use for this server, such as that of a proxy; repeatable",
)
@options.model
def main(
    *, host: str, port: int, max_megabytes: int, allowed: tuple[str, ...], model: Path
) -> None:
    with listen(host, port) as sock:
        # TensorFlow takes seconds to load: first the port.
        from aiohttp import web

        from convline.serving.example_images import read_examples
        from convline.serving.loaded_classifier import load_classifier
        from convline.serving.web_app import application

        classifier = load_classifier(model)
        examples = read_examples(classifier.classes)
        app = application(classifier, examples, max_megabytes, host, allowed)
        address = address_of(host, sock.getsockname()[1])
        # Uploads in progress do not delay the end: aiohttp would wait for a minute.
        web.run_app(
            app, sock=sock, print=lambda _: show(address), access_log=None, shutdown_timeout=1
        )


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an address and a port.

    Raises:
        UserError: another program listens there, or the address does not exist.
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
        raise UserError(f"{why}; choose another --port or --host") from None


def address_of(host: str, port: int) -> str:
    """Return the address of the page, with the machine's name if it listens on all addresses."""
    name = socket.gethostname() if host in EVERYWHERE else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def show(address: str) -> None:
    """Print the address of the page, and open it if there is a terminal and a screen."""
    print(f"{address} (Ctrl-C stops it)", flush=True)
    screen = sys.platform in {"darwin", "win32"} or SCREENS & os.environ.keys()
    if sys.stdout.isatty() and screen:
        webbrowser.open(address)
