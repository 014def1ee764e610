"""Keep TensorFlow's native log from the terminal."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_native_log() -> Iterator[None]:
    """Keep 10 lines on oneDNN and missing CUDA from the terminal, unless the block fails.

    TensorFlow 2.21 writes them whatever TF_CPP_MIN_LOG_LEVEL says, straight to the file descriptor.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 2)
        try:
            yield
        except BaseException:
            log.seek(0)
            with os.fdopen(os.dup(terminal), "wb") as copy:
                shutil.copyfileobj(log, copy)
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
