"""Free TCP ports on the loopback address.

A port is free if it can be bound now. Another program may take it a moment later; the servers then
log an error, which `processes` turns into a clear message.
"""

import socket

from lab.stack.errors import StackError

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Return whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """Return different free ports; all are bound until the last is chosen, so none comes twice."""
    bound: list[socket.socket] = []
    try:
        for _ in range(count):
            candidate = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            bound.append(candidate)
            candidate.bind((LOOPBACK, 0))
        return [int(each.getsockname()[1]) for each in bound]
    finally:
        for each in bound:
            each.close()


def choose(*, wanted: int | None, last: int | None, server: str, option: str) -> int:
    """Return the wanted port, else the one of the last run if it is free, else any free one.

    Raises:
        StackError: If the wanted port is taken.
    """
    if wanted is not None:
        if is_free(wanted):
            return wanted
        raise StackError(
            f"{server}: port {wanted} is taken by another program.",
            remedy=f"Choose another with {option}, or leave the option out: a free one is found.",
        )
    if last is not None and is_free(last):
        return last
    return free_ports(1)[0]
