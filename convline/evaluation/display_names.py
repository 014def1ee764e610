"""Names of models and scores as people read them on pages, in messages and in tables."""

MODELS = {"scratch": "Scratch CNN", "transfer": "Transfer model"}
IN_SENTENCES = {"scratch": "the scratch CNN", "transfer": "the transfer model"}

SCORES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "roc_auc": "ROC AUC",
    "average_precision": "Average precision (PR AUC)",
    "precision_macro": "Precision, mean of classes",
    "recall_macro": "Recall, mean of classes",
    "f1_macro": "F1, mean of classes",
    "top_5_accuracy": "Top-5 accuracy",
    "loss": "Log loss",
    "brier_score_loss": "Brier score",
    "expected_calibration_error": "Calibration error",
    "screening.sensitivity": "Sensitivity at the threshold",
    "screening.specificity": "Specificity at the threshold",
}


def lower_is_better(metric: str) -> bool:
    """Return True for losses and errors, False for all other metrics."""
    return metric.endswith(("loss", "error"))
