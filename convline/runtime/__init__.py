"""What all else stands on: errors, paths, files, memory, TensorFlow, native log, run times."""
