"""Submissions to Kaggle competitions, in the form of the sample submission."""
