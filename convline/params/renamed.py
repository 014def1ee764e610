"""Former names of parameters, values and presets, to help users migrate their params.yaml."""

PRESETS = {"digits": "default"}

_TRAINING = {
    "output": "output_activation",
    "patience": "early_stopping_patience",
    "schedule": "learning_rate_schedule",
    "plateau_factor": "reduce_lr_factor",
    "plateau_patience": "reduce_lr_patience",
}
_AUGMENTATION = {
    "rotation": "rotation_degrees",
    "width_shift": "width_shift_fraction",
    "height_shift": "height_shift_fraction",
    "shear": "shear_degrees",
    "zoom": "zoom_fraction",
    "brightness": "brightness_fraction",
    "contrast": "contrast_fraction",
}
# For each section, former name: present name.
PARAMETERS: dict[str, dict[str, str]] = {
    "organize": {
        "labels": "labels_from",
        "filename_pattern": "label_pattern",
        "split": "split_method",
        "group": "group_pattern",
    },
    "train": {**_TRAINING, "pooling": "pool_type", "conv_dropout": "final_conv_dropout"},
    "train.augmentation": _AUGMENTATION,
    "train_head": _TRAINING,
    "train_head.fine_tune": {"layers": "unfreeze_layers"},
    "train_head.fine_tune.augmentation": _AUGMENTATION,
}
# For each parameter (present name, any section), former value: present value.
VALUES: dict[str, dict[str, str]] = {
    "duplicates": {"refuse": "error"},
    "loss": {"categorical_crossentropy": "crossentropy", "binary_crossentropy": "crossentropy"},
    "learning_rate_schedule": {
        "inverse_time": "inverse_time_decay",
        "cosine": "cosine_decay",
        "plateau": "reduce_on_plateau",
    },
}


def new_name(parameter: str) -> str | None:
    """Return the present name of a parameter, such as `train.patience`, if it was renamed."""
    section, _, name = parameter.rpartition(".")
    new = PARAMETERS.get(section, {}).get(name)
    return new and f"{section}.{new}"


def describe(parameter: str, value: object, *, known: bool) -> str | None:
    """Return what to change in params.yaml, or None if neither name nor value was renamed.

    Args:
        parameter: name with its section, such as `train.patience`.
        value: its value in params.yaml.
        known: True if the parameter exists under this name.
    """
    _, _, name = (new_name(parameter) or parameter).rpartition(".")
    now = VALUES.get(name, {}).get(str(value))
    if new_name(parameter):
        return f"renamed to '{name}'" + (f", and its value '{value}' to '{now}'" if now else "")
    return f"'{value}' was renamed to '{now}'" if known and now else None
