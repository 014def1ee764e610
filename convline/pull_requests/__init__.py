"""Compare two commits for reviewers: params, metrics, significance, the gate, dvc.lock."""
