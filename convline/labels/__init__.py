"""Give each image of an archive its class, its group and its split."""
