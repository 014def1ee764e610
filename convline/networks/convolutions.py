"""List the convolutional layers of a network, for its explanations."""

from convline.runtime.keras_backend import keras

CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)


def convolution_names(network: keras.Model) -> list[str]:
    """Return the names of the convolutional layers, first to last."""
    return [layer.name for layer in network.layers if isinstance(layer, CONVOLUTIONS)]
