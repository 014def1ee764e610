"""The trained classifier for programs that have no Keras."""
