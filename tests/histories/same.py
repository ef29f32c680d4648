"""What must be the same of a borrower however its history arrived, and what may differ.

See docs/explanation/proof.md. Facts, counters, judged signals and score are functions of what
happened. The record of what was known when is a function of the log: which state was entered, when,
by which rule, and the assessments.
"""

from dataclasses import fields, is_dataclass
from typing import Any

from services.scoring.adapters.state_bytes import encode
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.risk import SLOT_BASE, Signals

# In the order of `state_bytes.PARTS`, with the facts of each.
PARTS: tuple[tuple[str, ...], ...] = (
    ("profile",),
    ("loans", "reversed_keys"),
    ("accounts",),
    ("flows", "payers", "payer_months", "payer_first_months"),
    ("facilities",),
    ("bounces",),
    ("statements",),
    ("credit_file",),
    ("recurring",),
    ("decisions",),
    (
        "outside_funding",
        "lender_flows",
        "drawdowns",
        "promises",
        "forecasts",
        "pass_through",
    ),
    ("reasons",),
)
# The references of the newest events of a kind, as they came: evidence shown with a figure.
EVIDENCE = {"paid_refs", "ref"}
RECORD_PARTS = {"decisions", "reasons"}
# Of the risk state, what follows from the facts alone.
DERIVED = ("families", "score", "completeness")


def id_of(slot: int) -> str:
    """Return the indicator of a slot."""
    family, base = max((base, name) for name, base in SLOT_BASE.items() if base <= slot)[::-1]
    return f"{family}-{slot - base + 1:02d}"


def judged(signals: Signals) -> dict[str, Any]:
    """Return everything of the signals but since when."""
    names = ("status", "level", "detail", "value", "contribution", "baseline")
    rows = zip(*(getattr(signals, name) for name in names), strict=True)
    return {
        id_of(slot): dict(zip(names, row, strict=True)) for slot, row in enumerate(rows) if any(row)
    }


def differences(orderly: Borrower, disordered: Borrower) -> list[str]:
    """Return what differs that must not."""
    for borrower in (orderly, disordered):
        borrower.stored = []
        encode(borrower)
    differing = []
    pairs = zip(PARTS, orderly.stored, disordered.stored, strict=True)
    for names, mine, other in pairs:
        if mine != other:
            for name in set(names) - RECORD_PARTS:
                differing += _leaves(name, getattr(orderly, name), getattr(disordered, name))
    differing += _leaves("counters", orderly.counters, disordered.counters)
    mine, other = judged(orderly.signals), judged(disordered.signals)
    for name in sorted(mine.keys() | other.keys()):
        differing += _leaves(f"signals.{name}", mine.get(name), other.get(name))
    risks = [
        {name: getattr(borrower.risk, name) for name in DERIVED}
        for borrower in (orderly, disordered)
    ]
    return differing + _leaves("risk", *risks)


def record_differences(orderly: Borrower, disordered: Borrower) -> list[str]:
    """Return in what the record of what was known when differs, which it may."""
    mine, other = orderly, disordered
    checks = (
        ("evidence", _evidence(mine) != _evidence(other)),
        ("since when a level applies", mine.signals.since != other.signals.since),
        ("state", mine.risk.state != other.risk.state),
        ("clocks and assessments", mine.risk != other.risk),
        ("clocks of decisions and regimes", mine.decisions != other.decisions),
    )
    return [name for name, differs in checks if differs]


def _evidence(borrower: Borrower) -> list[Any]:
    refs = [loan.paid_refs for loan in borrower.loans]
    return [borrower.evidence, refs, borrower.lender_flows.ref, borrower.recurring.ref]


def _leaves(what: str, mine: Any, other: Any) -> list[str]:
    """Return the innermost things that differ."""
    if what.rpartition(".")[2] in EVIDENCE or mine == other:
        return []
    if is_dataclass(mine) and type(mine) is type(other):
        return _leaves(what, _fields(mine), _fields(other))
    if isinstance(mine, dict) and isinstance(other, dict) and mine.keys() == other.keys():
        return [
            line for name in mine for line in _leaves(f"{what}.{name}", mine[name], other[name])
        ]
    if isinstance(mine, list) and mine and is_dataclass(mine[0]) and len(mine) == len(other):
        pairs = enumerate(zip(mine, other, strict=True))
        return [line for index, pair in pairs for line in _leaves(f"{what}[{index}]", *pair)]
    return [f"{what}: {mine} in good order, {other} in disorder"]


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value) if field.compare}
