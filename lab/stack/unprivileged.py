"""Runs PostgreSQL as another user if this process is root, because it refuses to run as root.

Containers and continuous integration often have only root. An existing powerless user is taken
(no user is created, no permission of any folder is changed except the data folder's owner). When
that user may not enter a folder on the way (a home folder with mode 700, a private temporary
folder), `setpriv` gives the server the single capability to pass through folders.
"""

import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path

from lab.stack.errors import StackError

USERS = ("postgres", "nobody")
OTHERS_MAY_ENTER = 0o001


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """How to run a command: as ourselves, or as the user with that id behind a prefix."""

    prefix: tuple[str, ...] = ()
    user: str | None = None

    def own(self, folder: Path) -> None:
        """Give the folder to the user that the command will run as."""
        if self.user is not None:
            entry = pwd.getpwnam(self.user)
            os.chown(folder, entry.pw_uid, entry.pw_gid)


def runner(*, folders: list[Path]) -> Runner:
    """Return how to run a server that must reach these folders.

    Raises:
        StackError: If we are root and no way to drop the privilege is found.
    """
    if os.geteuid() != 0:
        return Runner()
    existing = {entry.pw_name for entry in pwd.getpwall()}
    user = next((name for name in USERS if name in existing), None)
    setpriv = shutil.which("setpriv")
    if user is None or setpriv is None:
        raise StackError(
            "PostgreSQL refuses to run as root, and no way to run it as another user was found.",
            remedy="Run the command as an ordinary user, or install util-linux (for `setpriv`).",
        )
    entry = pwd.getpwnam(user)
    prefix = [setpriv, f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"]
    if not all(_reachable(folder) for folder in folders):
        prefix += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
        # PostgreSQL calls access() on its own programs, which ignores the capabilities of a
        # user other than root unless this bit is set.
        prefix.append("--securebits=+no_setuid_fixup")
    return Runner(prefix=tuple(prefix), user=user)


def _reachable(folder: Path) -> bool:
    return all(each.stat().st_mode & OTHERS_MAY_ENTER for each in folder.resolve().parents)
