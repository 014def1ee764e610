"""One model from images of any size to class probabilities: all that stands before it, inside."""

from convline.networks.backbones import build_extractor
from convline.networks.resizing import Luma, PillowResizing
from convline.params.schema import Extract, Preprocess
from convline.runtime.keras_backend import keras


def build_classifier(
    model: keras.Model, preprocess: Preprocess, extract: Extract | None, seed: int
) -> keras.Model:
    """Put preprocessing, and a backbone if there is one, in front of a trained model.

    Args:
        model: trained; takes images (height, width, channels), or features.
        preprocess: how its images were made.
        extract: how its features were made; None where it takes images.
        seed: of a backbone with random weights.

    Returns:
        A model from RGB images, uint8 (batch, any height, any width, 3), to probabilities, float32
        (batch, classes), in the order of data/tfrecords/dataset.json.

    Raises:
        UserError: the backbone's weights cannot be had.
    """
    # Never training, even where it is called without saying so: Keras 3.15's layer Resizing trains
    # unless it is told not to, and all models after it then do so, too.
    height, width = preprocess.image_size
    x = inputs = keras.Input((None, None, 3), dtype="uint8", name="image")
    # A layer of no change but of the type: its float32 is what those after it reckon in.
    x = keras.layers.Rescaling(1.0, name="float", dtype="float32")(x)
    if preprocess.color_mode == "grayscale":
        x = Luma(name="grey", dtype="float32")(x)
    x = PillowResizing(height, width, preprocess.interpolation, name="resize", dtype="float32")(x)
    if extract is not None:
        channels = 1 if preprocess.color_mode == "grayscale" else 3
        x = build_extractor(extract, [height, width, channels], seed)(x, training=False)
    outputs = model(x, training=False)
    if outputs.shape[-1] == 1:
        first = keras.layers.Rescaling(-1.0, offset=1.0, name="first", dtype="float32")(outputs)
        outputs = keras.layers.Concatenate(name="both", dtype="float32")([first, outputs])
    return keras.Model(inputs, outputs, name="classifier")
