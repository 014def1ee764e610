"""Check that DVC can read dvc.lock; a kill while DVC writes it cuts it off."""

from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from dvc.utils.serialize import ParseError, parse_yaml
from voluptuous import Invalid

from convline.runtime import paths
from convline.runtime.errors import UserError


def check_dvc_lock() -> None:
    """Read dvc.lock, if it exists, as DVC does.

    Raises:
        UserError: it is cut off or damaged.
    """
    if not paths.DVC_LOCK.exists():
        return
    try:
        COMPILED_LOCKFILE_SCHEMA(parse_yaml(paths.DVC_LOCK.read_text("utf-8"), paths.DVC_LOCK))
    except (Invalid, ParseError, UnicodeDecodeError) as error:
        remedy = "run `git checkout dvc.lock`, then the same command again"
        raise UserError(
            f"{paths.DVC_LOCK} is cut off or damaged; {remedy}: unchanged stages take their "
            "results from the cache"
        ) from error
