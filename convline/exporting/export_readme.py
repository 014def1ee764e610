"""README.md beside exported models: what each takes and gives, in words and in lines of Python."""

from pathlib import Path

import pandas as pd

from convline.serving.loaded_classifier import Classifier

PAGE = """\
# A classifier, exported

It tells {count} classes apart: the probabilities, float32, come in the order of `classes.txt`.

{table}

`as Keras`: share of the test images of which a file says the same class as the Keras model;
`difference`: the largest one between two probabilities; `images/s`: in batches of 1 and of 32, on
the machine that exported them, of {height} x {width} pixels. `table.csv` has more digits.

Give all of them images the right way up (EXIF), without transparency, as 8-bit pixels 0 to 255.

{sections}"""
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
All preprocessing is inside. For TensorFlow Serving, put it into a folder named by a number.

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
one output: float32 (batch, {count}). LiteRT lacks what resizes images of any size in the others, so
do it first with Pillow, as below; other libraries, TensorFlow too, give other pixels. An int8 model
takes and gives the same and reckons in whole numbers inside. LiteRT's own operations suffice.

```python
import numpy as np
from ai_edge_litert.interpreter import Interpreter  # or tf.lite.Interpreter
from PIL import Image, ImageOps

image = ImageOps.exif_transpose(Image.open("photo.jpg")).convert("{mode}")
image = image.resize(({width}, {height}), Image.Resampling.{filter})
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
    """Write it.

    Args:
        classifier: what was exported.
        table: a row for each file, with `format` and `file`.
        text: the same for people.
        path: of the page.
    """
    resize = classifier.model.get_layer("resize")
    channels = resize.output.shape[-1]
    files = dict(zip(table["format"], table["file"], strict=True))
    lite = [file for name, file in files.items() if name.startswith("litert")]
    facts = {
        "count": len(classifier.classes),
        "height": resize.height,
        "width": resize.width,
        "channels": channels,
        "mode": "L" if channels == 1 else "RGB",
        "filter": resize.interpolation.upper(),
        "files": ", ".join(lite),
        "first": lite[0] if lite else "",
    }
    shown = [name for name in SECTIONS if name in files or (name == "litert" and lite)]
    sections = "\n".join(SECTIONS[name].format(**facts) for name in shown)
    page = PAGE.format(table=f"```\n{text}\n```", sections=sections, **facts)
    path.write_text(page, encoding="utf-8")
