"""From an archive to labelled and split images."""
