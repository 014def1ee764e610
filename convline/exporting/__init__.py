"""Export the trained classifier for programs without Keras."""
