"""Named points in the path of a transaction where a test can end the process or throw.

Every point is a call that does nothing until something is armed: a kill run arms one by
`TOCSIN_FAULT_POINT=<name>[:<n>[:stop]]` (SIGKILL or SIGSTOP at the n-th passage), the
deterministic simulation arms its own function. Production never sets either.
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
    "between-send-and-record",
)

Action = Callable[[str], None]

_armed: list[Action] = []


def point(name: str) -> None:
    """Pass a named point."""
    if _armed:
        _armed[-1](name)


def arm(action: Action) -> None:
    """Call `action` with the name of every point that is passed from now on."""
    _armed.append(action)


def disarm() -> None:
    """Go back to doing nothing."""
    _armed.clear()


def kill_at(setting: str) -> None:
    """Arm a signal to this process at the n-th passage of a point, `<name>[:<n>[:stop]]`.

    The signal is SIGKILL, or SIGSTOP with `stop`: a zombie exactly there, once continued.

    Raises:
        ValueError: If there is no point of that name.
    """
    name, _, rest = setting.partition(":")
    count, _, how = rest.partition(":")
    number = signal.SIGSTOP if how == "stop" else signal.SIGKILL
    if name not in POINTS:
        raise ValueError(f"fault point {name!r} does not exist; one of {', '.join(POINTS)}")
    left = [int(count or 1)]

    def action(passed: str) -> None:
        if passed == name:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), number)

    arm(action)
