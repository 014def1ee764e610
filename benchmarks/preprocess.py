"""The stage preprocess, end to end, against decoding and resizing alone: what it adds to those.

Ours is `python -m stages.preprocess`, its start included. The peer is benchmarks/decode.py, a
process of its own that uses Pillow in as many threads as there are cores and writes nothing: no
program that decodes whole images with Pillow on these cores is faster. Ours decodes them whole but
for one of 1023x768, copies less, and shuffles, serializes and writes besides.
"""

from benchmarks import workspace
from benchmarks.harness import Row, Timing, in_turn, without_start
from convline.params.loading import load_params
from convline.runtime import paths

ROUNDS = 3


def against_decoding() -> tuple[Timing, str]:
    """Row 5."""
    workspace.prepare("organize")
    ours, theirs = "import stages.preprocess", "import benchmarks.decode"
    start = in_turn(workspace.python(ours), workspace.python(theirs), ROUNDS)
    timing = in_turn(stage, decoding, ROUNDS, warm_up=False)
    return timing, without_start(timing, start)


def stage() -> int:
    """Our side."""
    workspace.module("stages.preprocess")
    return workspace.preprocessed()


def decoding() -> int:
    """The peer."""
    size = [str(pixels) for pixels in load_params().preprocess.image_size]
    workspace.module("benchmarks.decode", str(paths.ORGANIZED), *size)
    return workspace.organized()


ROWS = [
    Row(
        "preprocess",
        "preprocess, end to end",
        "decoding and resizing alone, Pillow in a thread per core",
        "images",
        0.85,
        against_decoding,
    )
]
