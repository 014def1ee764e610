"""Inspect images before any training, and choose the params for them."""
