"""Run a stage or a command so that a user's mistake ends in one clear message."""

import errno
import faulthandler
import signal
import sys
from collections.abc import Callable

from convline.runtime.errors import UserError
from convline.runtime.run_times import keep_run_time

DISK_FULL = "No space left on device"


def run(main: Callable[[], None], name: str = "") -> None:
    """Call `main`; turn errors that the user can fix into one message on stderr and exit status 1.

    An interrupt (Ctrl-C) exits with status 130 and SIGTERM with 143, both after the clean-up of
    open `with` blocks. Any other exception is a bug and keeps its traceback; a crash in native code
    prints where Python was. If a stage succeeds, its run time is kept.

    Args:
        main: what to run.
        name: the start of messages (default: the name of the module of `main`).
    """
    name = name or (main.__module__ if main.__module__ != "__main__" else _module_name())
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    if not faulthandler.is_enabled():
        faulthandler.enable()
    try:
        main()
        keep_run_time(name)
    except UserError as error:
        sys.exit(f"{name}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if not _is_disk_full(error):
            raise
        sys.exit(f"{name}: the disk is full. Free some space, then run the same command again.")


def _module_name() -> str:
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return spec.name if spec else "convline"


def _is_disk_full(error: BaseException) -> bool:
    # TensorFlow and HDF5 raise classes of their own with the system's text, without errno.
    return getattr(error, "errno", None) == errno.ENOSPC or DISK_FULL in str(error)
