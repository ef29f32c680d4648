"""Fault injection: named points in the path of a transaction where a test stops the process.

A point does nothing until an action is armed. A kill run arms one by
`TOCSIN_FAULT_POINT=<name>[:<n>[:stop]]` (SIGKILL or SIGSTOP when the point is passed for the n-th
time), the deterministic simulation arms its own function. Production arms nothing.
"""

import os
import signal
from collections.abc import Callable

POINTS = (
    "before-claim",
    "after-claim",
    "before-fence",
    "after-fence",
    "before-commit",
    "after-commit",
    "before-kafka-commit",
    "before-produce",
    "between-produce-and-mark",
    "after-mark",
    "mid-sweep",
    "mid-isolation",
    "mid-resume",
    "mid-withdrawal",
    "between-send-and-record",
)

Action = Callable[[str], None]

_armed: list[Action] = []


def point(name: str) -> None:
    """Passes a named point."""
    if _armed:
        _armed[-1](name)


def arm(action: Action) -> None:
    """Calls `action` with the name of every point that is passed from now on."""
    _armed.append(action)


def disarm() -> None:
    """Removes every armed action."""
    _armed.clear()


def kill_at(setting: str) -> None:
    """Arms a signal to this process when a point is passed for the n-th time.

    The setting is `<name>[:<n>[:stop]]`. The signal is SIGKILL, or SIGSTOP with `stop`: a process
    that is continued later is then a stale owner at exactly this point.

    Raises:
        ValueError: If there is no point of that name.
    """
    name, _, rest = setting.partition(":")
    count, _, how = rest.partition(":")
    number = signal.SIGSTOP if how == "stop" else signal.SIGKILL
    if name not in POINTS:
        raise ValueError(f"fault point {name!r} does not exist; one of {', '.join(POINTS)}")
    remaining = int(count or 1)

    def action(passed: str) -> None:
        nonlocal remaining
        if passed == name:
            remaining -= 1
            if remaining == 0:
                os.kill(os.getpid(), number)

    arm(action)
