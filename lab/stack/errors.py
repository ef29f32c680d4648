"""The one error of the local stack: what went wrong, and what the person can do about it.

Raised by every module of this package, shown by `tocsin stack` and the demo without a traceback.
"""

import errno

from services.cli.errors import CommandError


class StackError(CommandError):
    """The local stack cannot do what a command needs."""


def disk_full(folder: object) -> StackError:
    """Return the error for a full disk, the same wherever it was noticed."""
    return StackError(
        f"The disk of {folder} is full.",
        remedy="Free some space (the stack needs about 600 MB) and run the command again.",
    )


def is_disk_full(error: OSError) -> bool:
    """Return whether the disk is full or the quota exhausted."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
