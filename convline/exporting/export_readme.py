"""Write the README of exported models: input and output of each, with an example in Python."""

from pathlib import Path

import pandas as pd

from convline.networks.resizing import PillowResizing
from convline.serving.loaded_classifier import Classifier

PAGE = """\
# Exported classifier

It predicts one of {count} classes. Probabilities are float32, in the order of `classes.txt`.

{table}

`as Keras`: share of the test images for which the file predicts the same class as the Keras model.
`difference`: largest difference between two probabilities. `images/s`: speed in batches of 1 and of
32 images of {height} x {width} pixels, on the machine that exported them. `table.csv` has more
digits.

Input for all files: 8-bit pixels, 0 to 255, without transparency, after applying the EXIF
orientation. Convert images with 16-bit channels by `np.minimum(pixels >> {shift}, 255)`: of their
16 bits, {bit_depth} are significant (`preprocess.bit_depth`).

{sections}"""
# Lines that resize the PIL image `image` as preprocess does, by preprocess.aspect_ratio.
FITTING = {
    "stretch": """\
image = image.resize(({width}, {height}), Image.Resampling.{filter})""",
    "crop": """\
w, h = image.size
part = min(w, max(1, h * {width} // {height})), min(h, max(1, w * {height} // {width}))
left, top = (w - part[0]) // 2, (h - part[1]) // 2
image = image.crop((left, top, left + part[0], top + part[1]))
image = image.resize(({width}, {height}), Image.Resampling.{filter})""",
    "pad": """\
w, h = image.size
size = [(2 * w * {height} + h) // (2 * h), (2 * h * {width} + w) // (2 * w)]
size = min({width}, max(1, size[0])), min({height}, max(1, size[1]))
resized = image.resize(size, Image.Resampling.{filter})
image = Image.new(image.mode, ({width}, {height}))
image.paste(resized, (({width} - size[0]) // 2, ({height} - size[1]) // 2))""",
}
SECTIONS = {
    "onnx": """\
## classifier.onnx

`image`: uint8 (batch, height, width, 3), RGB of any size; `probabilities`: (batch, {count}).
All preprocessing is inside.

```python
import numpy as np, onnxruntime
from PIL import Image, ImageOps

session = onnxruntime.InferenceSession("classifier.onnx")
image = ImageOps.exif_transpose(Image.open("photo.jpg")).convert("RGB")
(probabilities,) = session.run(["probabilities"], {{"image": np.asarray(image)[np.newaxis]}})
```
""",
    "savedmodel": """\
## savedmodel/

`image`: uint8 (batch, height, width, 3), RGB of any size; `output_0`: (batch, {count}).
All preprocessing is inside. For TensorFlow Serving, put it into a folder whose name is a number.

```python
import tensorflow as tf

model = tf.saved_model.load("savedmodel")
image = tf.io.decode_jpeg(tf.io.read_file("photo.jpg"), channels=3)
probabilities = model.serve(image[tf.newaxis])
```
""",
    "litert": """\
## {files}

`image`: uint8 (batch, {height}, {width}, {channels}), one image unless the tensor is resized; the
one output: float32 (batch, {count}). LiteRT cannot resize images of any size, so resize them first
with Pillow, as below; other libraries, TensorFlow included, give other pixels. The int8 model has
the same input and output and computes with integers inside. All operations are LiteRT's own.

```python
import numpy as np
from ai_edge_litert.interpreter import Interpreter  # or tf.lite.Interpreter
from PIL import Image, ImageOps

image = ImageOps.exif_transpose(Image.open("photo.jpg")).convert("{mode}")
{fitting}
interpreter = Interpreter("{first}")
interpreter.allocate_tensors()
pixels = np.asarray(image).reshape(1, {height}, {width}, {channels})
interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels)
interpreter.invoke()
probabilities = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
```
""",
}


def write_readme(classifier: Classifier, table: pd.DataFrame, text: str, path: Path) -> None:
    """Write the README.

    Args:
        classifier: the exported model.
        table: one row per file, with the columns `format` and `file`.
        text: the table as text.
        path: the file to write.
    """
    resize = classifier.resizing
    channels = resize.output.shape[-1]
    files = dict(zip(table["format"], table["file"], strict=True))
    lite = [file for name, file in files.items() if name.startswith("litert")]
    facts = {
        "count": len(classifier.classes),
        "bit_depth": classifier.bit_depth,
        "shift": classifier.bit_depth - 8,
        "height": resize.height,
        "width": resize.width,
        "channels": channels,
        "mode": "L" if channels == 1 else "RGB",
        "fitting": fitting_lines(resize),
        "files": ", ".join(lite),
        "first": lite[0] if lite else "",
    }
    shown = [name for name in SECTIONS if name in files or (name == "litert" and lite)]
    sections = "\n".join(SECTIONS[name].format(**facts) for name in shown)
    page = PAGE.format(table=f"```\n{text}\n```", sections=sections, **facts)
    path.write_text(page, encoding="utf-8")


def fitting_lines(resize: PillowResizing) -> str:
    """Return lines of Python that resize the PIL image `image` as this layer does."""
    lines = FITTING[resize.aspect_ratio]
    kind = resize.interpolation.upper()
    return lines.format(height=resize.height, width=resize.width, filter=kind)
