"""The trained classifier and the images that people give it."""
