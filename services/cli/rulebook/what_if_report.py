"""Shows two runs of one history side by side, as a table for a person and as one JSON object."""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from services.scoring.domain.portfolio.outcomes import StateFigures

MOST_BORROWERS_SHOWN: Final = 15
# Entering these opens an alert, the mildest first.
ALERTING: Final = ("ATTENTION", "WATCH", "HIGH_RISK", "DEFAULT")
NOTHING: Final = "-"


@dataclass(frozen=True, slots=True)
class Side:
    """What the history led to under one rulebook."""

    rulebook: str
    final: dict[str, str]
    alerts: Counter[tuple[str, str]]
    officers: int
    weeks: float
    unreadable: int
    outcomes: list[StateFigures] | None

    def burden(self) -> dict[str, Any]:
        """Return the alerts by state, and per officer and week."""
        by_officer: Counter[str] = Counter()
        by_state: Counter[str] = Counter()
        for (state, officer), count in self.alerts.items():
            by_officer[officer] += count
            by_state[state] += count
        total = by_state.total()
        busiest = min(by_officer, key=lambda name: (-by_officer[name], name), default=None)
        per_week = None if busiest is None else _rate(by_officer[busiest], self.weeks)
        return {
            "rulebook": self.rulebook,
            "alerts": total,
            "alerts_by_state": {state: by_state[state] for state in ALERTING},
            "officers": self.officers,
            "weeks": round(self.weeks, 2),
            "alerts_per_officer_week": _rate(total / self.officers, self.weeks),
            "busiest_officer": busiest,
            "busiest_officer_per_week": per_week,
            "unreadable": self.unreadable,
        }

    def outcome_figures(self) -> dict[str, dict[str, Any]]:
        """Return precision, recall and lead by state; empty without labels."""
        return {
            figures.state: {
                "precision": figures.precision_by_lead[0],
                "recall": figures.recall_by_lead[0],
                "lead_days": None if figures.leads is None else list(figures.leads),
                "alerts": figures.entries,
                "healthy_ever": figures.healthy_ever,
            }
            for figures in self.outcomes or ()
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both sides; `ever_different` counts the borrowers in another state at any close."""

    against: Side
    draft: Side
    ever_different: int

    @property
    def moved(self) -> dict[str, tuple[str, str]]:
        """Return the borrowers who end in another state: (against, draft)."""
        return {
            name: (before, self.draft.final[name])
            for name, before in self.against.final.items()
            if before != self.draft.final[name]
        }


def summary(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison with names for scripts."""
    moved = comparison.moved
    sides: dict[str, Any] = {}
    for name, side in (("against", comparison.against), ("draft", comparison.draft)):
        sides[name] = side.burden()
        if side.outcomes is not None:
            sides[name]["outcomes"] = side.outcome_figures()
    return {
        "borrowers": len(comparison.against.final),
        "ended_in_another_state": len(moved),
        "ever_in_another_state": comparison.ever_different,
        "moves": [
            {"against": before, "draft": after, "borrowers": count}
            for (before, after), count in sorted(Counter(moved.values()).items())
        ],
        "changed": {
            name: {"against": before, "draft": after} for name, (before, after) in moved.items()
        },
        **sides,
    }


def show(comparison: Comparison, sentences: Sequence[str], console: Console) -> None:
    """Print the changes of the rulebook, the borrowers that moved, and the figures."""
    for sentence in sentences:
        console.print(sentence, markup=False, highlight=False)
    moved = comparison.moved
    console.print(
        f"{len(moved):,} of {len(comparison.against.final):,} borrowers end in another state; "
        f"{comparison.ever_different:,} were in another one at some time."
    )
    for name, (before, after) in list(moved.items())[:MOST_BORROWERS_SHOWN]:
        console.print(f"  {name}: {before} -> {after}", markup=False, highlight=False)
    if len(moved) > MOST_BORROWERS_SHOWN:
        console.print(f"  … and {len(moved) - MOST_BORROWERS_SHOWN:,} more; --json has them all")
    console.print(_table(comparison))
    if comparison.draft.unreadable:
        print(f"{comparison.draft.unreadable} lines cannot be read", file=sys.stderr)


def _table(comparison: Comparison) -> Table:
    sides = comparison.against, comparison.draft
    table = Table("", sides[0].rulebook, f"{sides[1].rulebook} (draft)")
    burdens = [side.burden() for side in sides]
    for state in ALERTING:
        counts = (burden["alerts_by_state"][state] for burden in burdens)
        table.add_row(f"alerts: {state}", *(f"{count:,}" for count in counts))
    for name, key in (
        ("alerts per officer and week", "alerts_per_officer_week"),
        ("busiest officer, a week", "busiest_officer_per_week"),
    ):
        table.add_row(name, *(_shown(burden[key], ".2f") for burden in burdens))
    before, after = (side.outcome_figures() for side in sides)
    for state, figures in before.items():
        pair = figures, after[state]
        for name in ("precision", "recall"):
            table.add_row(f"{state}: {name}", *(_shown(each[name], ".0%") for each in pair))
        medians = [each["lead_days"] and each["lead_days"][1] for each in pair]
        table.add_row(f"{state}: median lead, days", *(_shown(day, ".0f") for day in medians))
    return table


def _rate(count: float, weeks: float) -> float | None:
    return round(count / weeks, 4) if weeks else None


def _shown(figure: float | None, form: str) -> str:
    return NOTHING if figure is None else format(figure, form)
