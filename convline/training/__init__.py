"""Train models: batches, augmentation, optimizers, fitting, curves."""
