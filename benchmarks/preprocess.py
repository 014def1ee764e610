"""The whole stage preprocess against decoding and resizing alone, which shows its overhead.

Our side is `python -m stages.preprocess` including its start. The peer is benchmarks/decode.py, a
process that runs Pillow in one thread per core and writes nothing: no program that decodes whole
images with Pillow on these cores is faster. The stage decodes all but one image (1023x768) whole,
copies less, and also shuffles, serializes and writes.
"""

from benchmarks import workspace
from benchmarks.harness import Result, Row, in_turn, without_start
from convline.params.loading import load_params
from convline.runtime import paths

ROUNDS = 3


def against_decoding() -> Result:
    """Measure the row."""
    workspace.prepare("organize")
    ours, theirs = "import stages.preprocess", "import benchmarks.decode"
    start = in_turn(workspace.python(ours), workspace.python(theirs), ROUNDS)
    timing = in_turn(stage, decoding, ROUNDS, warm_up=False)
    return Result(timing, note=without_start(timing, start))


def stage() -> int:
    """Run our side."""
    workspace.module("stages.preprocess")
    return workspace.preprocessed()


def decoding() -> int:
    """Run the peer."""
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
