"""Run a peer in PyTorch with the interpreter that TORCH_PYTHON names."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import workspace
from benchmarks.harness import NotMeasured, Side
from convline.runtime.errors import UserError


@contextmanager
def torch_process(script: str, *arguments: object) -> Iterator[Side]:
    """Start a script of benchmarks/ that, for each line on stdin, works and prints a count.

    Raises:
        NotMeasured: TORCH_PYTHON is not set.
        UserError: the script failed.
    """
    if "TORCH_PYTHON" not in os.environ:
        raise NotMeasured("set TORCH_PYTHON to an interpreter with torch and torchvision")
    words = [os.environ["TORCH_PYTHON"], workspace.ROOT / "benchmarks" / script, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [str(word) for word in words], stdin=pipe, stdout=pipe, text=True, bufsize=1
    ) as process:

        def answer() -> str:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise UserError("the interpreter of TORCH_PYTHON failed, see above")
            return line

        def side() -> int:
            print("go", file=process.stdin)
            return int(answer())

        answer()  # It is ready.
        yield side
