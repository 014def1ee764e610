"""Runs and their experiments: gathered, drawn, told on docs/results.md."""
