"""Drop TensorFlow's start-up messages from stderr and pass everything else through."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# TensorFlow 2.21 prints ten such lines at each start, and four if TF_CPP_MIN_LOG_LEVEL is 3.
STARTUP_MESSAGES = (
    "^WARNING: All log messages before absl::InitializeLog",
    "^I[0-9]{4} [0-9:.]+ +[0-9]+ ",  # information
    "^To enable the following instructions: ",  # its second line
    "^INFO: Created TensorFlow Lite ",
    # Warnings and errors (W, E) on machines without a GPU, without AVX-512 or with several parts of
    # CUDA linked, and two from the conversion to LiteRT. All others are shown.
    r"^[WE][0-9]{4} .* (cuda_platform|cuda_dnn|cuda_blas|cuda_fft|computation_placer)\.cc:",
    r"^E[0-9]{4} .* util\.cc:[0-9]+\] oneDNN supports ",
    r"^W[0-9]{4} .* tf_tfl_flatbuffer_helpers\.cc:[0-9]+\] Ignored ",
)


@contextmanager
def without_native_log() -> Iterator[None]:
    """Drop TensorFlow's start-up messages from stderr while the block runs.

    All other lines pass through. A process of its own, `grep`, filters, so that lines still in the
    pipe are printed even if this process crashes in native code.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    command = ["grep", "-a", "-v", "-E", "--line-buffered", "|".join(STARTUP_MESSAGES)]
    # In its own session, so that Ctrl-C, sent to all processes of the terminal, does not end it.
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=terminal, start_new_session=True
    ) as grep:
        os.dup2(grep.stdin.fileno(), 2)  # type: ignore[union-attr] # a pipe
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
