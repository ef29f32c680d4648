"""Writes the figures of warnings as a person reads them; a dash where there is none."""

from services.scoring.domain.portfolio.outcomes import Quartiles, StateFigures

NOTHING = "–"


def percent(share: float | None) -> str:
    """Return a share in percent."""
    return NOTHING if share is None else f"{100 * share:.1f} %"


def days(quartiles: Quartiles) -> str:
    """Return three quartiles in days."""
    return NOTHING if quartiles is None else " / ".join(f"{day:.0f}" for day in quartiles) + " d"


def burden(state: StateFigures) -> str:
    """Return the entries into a state a month and 100 borrowers."""
    entries = state.entries_per_100_months
    return NOTHING if entries is None else f"{entries:.2f}"


def count_of(part: int, whole: int) -> str:
    """Return a count of a total, with its share."""
    return f"{part:,} of {whole:,} ({percent(part / whole)})" if whole else NOTHING
