"""Params of augmentation."""

from convline.params.schema import Augmentation

NONE = dict.fromkeys(Augmentation.model_fields, 0) | {
    "horizontal_flip": False,
    "vertical_flip": False,
}
ALL = {
    "rotation_degrees": 30.0,
    "width_shift_fraction": 0.1,
    "height_shift_fraction": 0.2,
    "shear_degrees": 15.0,
    "zoom_fraction": 0.2,
    "horizontal_flip": True,
    "vertical_flip": True,
    "brightness_fraction": 0.2,
    "contrast_fraction": 0.3,
}


def augmentation(**changes) -> Augmentation:
    """These changes and no others."""
    return Augmentation(**(NONE | changes))
