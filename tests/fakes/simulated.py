"""The log of a simulated bank, whole and in memory."""

from lab.simulator import canonical
from lab.simulator.portfolio import Portfolio, Setup


def simulated_lines(setup: Setup) -> list[bytes]:
    """Return the canonical events of a run in booking order, each day followed by its close."""
    lines: list[bytes] = []
    for day, booked in Portfolio(setup).simulate():
        lines += map(canonical.encode, booked)
        lines.append(canonical.encode_day_closed(day))
    return lines
