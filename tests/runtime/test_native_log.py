"""TensorFlow's start-up messages are dropped; everything else reaches stderr, also in a crash."""

import os
import signal
import subprocess
import sys

import pytest

from convline.runtime.native_log import without_native_log

NOISE = (
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "I0000 00:00:1795624389.956235   22698 cudart_stub.cc:31] Could not find cuda drivers",
    "I0000 00:00:1795624414.028451   23089 port.cc:153] oneDNN custom operations are on.",
    "E0000 00:00:1795624398.498792   22698 cuda_platform.cc:52] failed call to cuInit: INTERNAL",
    "E0000 00:00:1795624398.498792   22698 util.cc:131] oneDNN supports DT_UINT8 only on",
    "To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow",
)
FATAL = "F0000 00:00:1795624398.498792   22698 cpu_feature_guard.cc:30] uses AVX instructions"


def test_loading_and_setting_up_tensorflow_prints_nothing():
    code = """
from convline.runtime.tensorflow_setup import set_up
set_up(0, "float32", device="auto", gpus=1)
"""
    result = run(code)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("crash", "number"),
    [("os.abort()", signal.SIGABRT), ("faulthandler._sigsegv()", signal.SIGSEGV)],
)
def test_a_crash_in_native_code_is_visible(crash, number):
    code = f"""
import faulthandler, os
from convline.runtime.native_log import without_native_log
faulthandler.enable()
with without_native_log():
    os.write(2, {NOISE[1]!r}.encode() + b"\\n" + {FATAL!r}.encode() + b"\\nno end of line")
    {crash}
"""
    result = run(code)
    assert result.returncode == -number
    first, second, *_ = result.stderr.splitlines()
    assert first == FATAL
    assert second.startswith("no end of line")
    assert f"Fatal Python error: {'Aborted' if 'abort' in crash else 'Segm'}" in result.stderr


def test_an_exception_leaves_the_block_after_what_was_printed_in_it():
    code = """
import sys
from convline.runtime.native_log import without_native_log
with without_native_log():
    print("first", file=sys.stderr)
    raise ValueError("second")
"""
    lines = run(code).stderr.splitlines()
    assert lines[0] == "first"
    assert lines[-1] == "ValueError: second"


def test_only_messages_of_the_start_up_are_dropped(capfd):
    kept = [FATAL, "E0000 00:00:1.2 3 other.cc:1] failed", "I am not of TensorFlow", "bär"]
    with without_native_log():
        os.write(2, "\n".join((*NOISE, *kept)).encode())
    assert capfd.readouterr().err.splitlines() == kept


def test_outside_of_the_block_stderr_is_unchanged(capfd):
    with without_native_log():
        pass
    text = f"\r 50%|#####     |\r100%|##########|\n{NOISE[0]}\nno end of line"
    os.write(2, text.encode())
    assert capfd.readouterr().err == text


def run(code):
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False)
