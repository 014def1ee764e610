"""The networks, one file each; they are built by Keras on any backend and need no TensorFlow."""
