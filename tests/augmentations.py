"""Params of augmentation."""

from convline.params.schema import Augmentation

NONE = dict.fromkeys(Augmentation.model_fields, 0) | {
    "horizontal_flip": False,
    "vertical_flip": False,
}
ALL = {
    "rotation": 30.0,
    "width_shift": 0.1,
    "height_shift": 0.2,
    "shear": 15.0,
    "zoom": 0.2,
    "horizontal_flip": True,
    "vertical_flip": True,
    "brightness": 0.2,
    "contrast": 0.3,
}


def augmentation(**changes) -> Augmentation:
    """These changes and no others."""
    return Augmentation(**(NONE | changes))
