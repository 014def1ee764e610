"""Read archives and image files, and compare images."""
