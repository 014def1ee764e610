"""The networks, one file each, built by Keras on any backend and without TensorFlow."""
