"""What passes between stages: TFRecords, features, predictions, saved models."""
