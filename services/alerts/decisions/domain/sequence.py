"""Whether the next assessment of a borrower is the next one.

Scoring numbers a borrower's assessments from 1 without a hole. A number that was seen is a
duplicate; one that skips a number means that something between scoring and here was lost,
and nobody guesses what it said.
"""

from dataclasses import dataclass
from enum import StrEnum


class Place(StrEnum):
    """Where a sequence number stands relative to the last one applied."""

    NEXT = "next"
    DUPLICATE = "duplicate"
    GAP = "gap"


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceVerdict:
    """The place of a number, and a sentence for the log."""

    place: Place
    reason: str


def judge_sequence(*, last_applied: int, found: int) -> SequenceVerdict:
    """Judge a number against the last one applied (0 when the borrower is new)."""
    if found == last_applied + 1:
        return SequenceVerdict(place=Place.NEXT, reason="the next one")
    if found <= last_applied:
        return SequenceVerdict(
            place=Place.DUPLICATE, reason=f"number {found} was applied; {last_applied} is the last"
        )
    return SequenceVerdict(
        place=Place.GAP,
        reason=f"number {found} follows {last_applied}; {found - last_applied - 1} are missing",
    )
