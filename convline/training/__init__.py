"""Fit models: batches, augmentation, optimizers, curves."""
