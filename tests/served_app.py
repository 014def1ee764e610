"""Run `convline app` as a process, and make pictures to send to it."""

import io
import signal
import subprocess
from contextlib import contextmanager

from PIL import Image

from tests.commands import CONVLINE, REPOSITORY, environment


@contextmanager
def serving(folder, *arguments, end=signal.SIGTERM):
    """Run the command; yield the address that it prints."""
    variables = {**environment(), "PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"}
    command = [*CONVLINE, "app", "--port", "0", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=folder, env=variables, **pipes) as process:
        try:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            yield line.split()[0]
        finally:
            process.send_signal(end)
            errors = process.stderr.read()
    assert errors == ""
    assert process.returncode == 0


def picture(value, size=(64, 48), kind="PNG"):
    stream = io.BytesIO()
    Image.new("RGB", size, (value,) * 3).save(stream, kind)
    return stream.getvalue()
