"""What all other folders use: errors, paths, files, memory, TensorFlow, Git and DVC, run times."""
