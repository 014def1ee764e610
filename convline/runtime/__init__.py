"""Used by all other folders: errors, paths, files, memory, TensorFlow, Git and DVC, run times."""
