"""Scores of both models on each split, their intervals, their comparison and their plots."""
