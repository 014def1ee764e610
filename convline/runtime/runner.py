"""Run a stage or a command so that a user's mistake ends in one clear message."""

import errno
import faulthandler
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from convline.runtime.errors import UserError
from convline.runtime.printable import printable
from convline.runtime.run_times import keep_run_time

AGAIN = "then run the same command again"
DENIED = f"no permission{{where}}. Change the permissions or the owner, {AGAIN}."
# What a user can do about errors of the system, by its text: TensorFlow, HDF5 and SQLite raise
# errors of their own with that text, without errno.
SYSTEM_ERRORS = {
    os.strerror(errno.ENOSPC): f"the disk is full. Free some space, {AGAIN}.",
    os.strerror(errno.EDQUOT): f"your quota of disk space is used up. Free some space, {AGAIN}.",
    os.strerror(errno.EFBIG): (
        f"a file is larger than this system allows (ulimit -f). Raise the limit, {AGAIN}."
    ),
    os.strerror(errno.EACCES): DENIED,
    os.strerror(errno.EPERM): DENIED,
    os.strerror(errno.EROFS): (
        f"the file system is read-only. Use a folder that can be written, {AGAIN}."
    ),
    # SQLite, in which DVC keeps its state, gives no other reason.
    "disk I/O error": (
        "DVC cannot write its database. Check the free disk space, and the largest file that this "
        f"system allows (ulimit -f), {AGAIN}."
    ),
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
        sys.exit(printable(f"{name}: {error}"))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if not (reason := _system_error(error)):
            raise
        sys.exit(printable(f"{name}: {reason}"))


def _module_name() -> str:
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return spec.name if spec else "convline"


def _system_error(error: Exception) -> str | None:
    """Return the message for an error of the system, or None for other errors."""
    number = getattr(error, "errno", None)
    text = f"{error} {os.strerror(number) if number else ''}"
    for known, reason in SYSTEM_ERRORS.items():
        if known in text:
            return reason.format(where=_where(getattr(error, "filename", None)))
    return None


def _where(file: str | None) -> str:
    if not file:
        return ""
    path = Path(file)
    if path.name.startswith(".partial-"):
        # Outputs are written aside, under a name that is in no document.
        return f" to write '{path.parent}'"
    return f" to use '{file}'"
