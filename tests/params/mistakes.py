"""Read the lines of the error message about params.yaml."""

import pytest

from convline.params.loading import load_params
from convline.runtime.errors import UserError


def mistakes():
    with pytest.raises(UserError) as caught:
        load_params()
    headline, *lines = str(caught.value).splitlines()
    assert headline == "params.yaml is not valid:"
    assert all(line.startswith("  ") for line in lines)
    return [line[2:] for line in lines]
