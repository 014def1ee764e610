"""scikit-learn's handwritten digits: 1,797 grey images, 8x8 pixels, 10 classes; no download.

E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
Repository, 1998, https://doi.org/10.24432/C50P49; scikit-learn contains its test set.
"""

import io
import zipfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from convline.params.schema import Download
from convline.sources.provenance import Provenance

WHITE = 16  # Pixels are 0 (black) to 16.


def fetch(_: Download, into: Path) -> Provenance:
    """Write the digits as PNG files in class folders, `digits/<digit>/<number>.png`, in a zip."""
    digits = load_digits()
    pixels = np.round(digits.images * (255 / WHITE)).astype(np.uint8)  # (1797, 8, 8)
    with zipfile.ZipFile(into / "digits.zip", "w") as archive:
        for number, (image, label) in enumerate(zip(pixels, digits.target, strict=True)):
            png = io.BytesIO()
            Image.fromarray(image).save(png, "PNG")
            # A ZipInfo without a date gets a fixed one, 1980-01-01.
            archive.writestr(zipfile.ZipInfo(f"digits/{label}/{number:04d}.png"), png.getvalue())
    return Provenance(
        file="digits.zip",
        name="digits",
        version=f"scikit-learn {version('scikit-learn')}",
        licence="CC BY 4.0",
    )
