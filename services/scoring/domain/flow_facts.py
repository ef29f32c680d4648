"""Figures by day, and what the facts keep of flows by their purpose.

Part of `facts`, in a module of its own. Kept apart from `Flows`, because these flows are rare: a
borrower without them pays for an empty list, and one that has them writes them only when one comes.
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Series:
    """Daily sums, sparse: ``cum[i]`` sums all kept days up to and including ``days[i]``."""

    days: list[int] = field(default_factory=list)
    cum: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Daily:
    """End-of-day figures: ``reported[i]`` is what was reported for day ``first_day + i``.

    ``None`` where nothing was; the last reported figure goes on. ``filled`` is the same with the
    gaps filled: not stored, made when first asked for.
    """

    first_day: int = 0
    reported: list[int | None] = field(default_factory=list)
    filled: list[int] = field(default_factory=list, compare=False, repr=False)


@dataclass(slots=True)
class Routines:
    """Payments that come round: a firm's payroll or a person's pay, and duties to others.

    ``wages`` are amounts; ``taxes``, ``social`` and ``utilities`` count payments by day.
    ``wages_due_day`` is when the next wages are expected by their own rhythm, 0 without one:
    derived, kept so that a day close need not look. ``ref`` are the newest wages.
    """

    wages: Series = field(default_factory=Series)
    taxes: Series = field(default_factory=Series)
    social: Series = field(default_factory=Series)
    utilities: Series = field(default_factory=Series)
    wages_due_day: int = 0
    ref: str = ""
