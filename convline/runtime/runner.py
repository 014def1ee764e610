"""Run a stage or a command so that a user's mistake ends in one clear message."""

import errno
import faulthandler
import os
import signal
import sys
from collections.abc import Callable

from convline.runtime.errors import UserError
from convline.runtime.run_times import keep_run_time

AGAIN = "then run the same command again"
# What a user can do about errors of the system, by the text that TensorFlow and HDF5 pass on, too.
SYSTEM_ERRORS = {
    errno.ENOSPC: f"the disk is full. Free some space, {AGAIN}.",
    errno.EDQUOT: f"your quota of disk space is used up. Free some space, {AGAIN}.",
    errno.EFBIG: f"a file is larger than this system allows (ulimit -f). Raise the limit, {AGAIN}.",
    errno.EACCES: f"no permission{{}}. Change the permissions or the owner, {AGAIN}.",
    errno.EPERM: f"no permission{{}}. Change the permissions or the owner, {AGAIN}.",
    errno.EROFS: f"the file system is read-only. Use a folder that can be written, {AGAIN}.",
}


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
    signal.signal(signal.SIGINT, signal.default_int_handler)
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
        if not (reason := _system_error(error)):
            raise
        sys.exit(f"{name}: {reason}")


def _module_name() -> str:
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return spec.name if spec else "convline"


def _system_error(error: Exception) -> str | None:
    """Return the message for an error of the system, or None for other errors."""
    file = getattr(error, "filename", None)
    where = f" to use '{file}'" if file else ""
    for number, reason in SYSTEM_ERRORS.items():
        # TensorFlow and HDF5 raise classes of their own with the system's text, without errno.
        if getattr(error, "errno", None) == number or os.strerror(number) in str(error):
            return reason.format(where)
    return None
