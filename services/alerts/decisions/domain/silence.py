"""Silences: which notices people do not want for a time, why, and until when.

A silence is matched by the time of the assessment, so reading the topic again decides the same.
What it holds back is news again at the first assessment after its end, if it still stands: a
borrower that is not NORMAL is assessed every day. A hard trigger and a default are never silenced.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from services.alerts.primitives.vocabulary import Severity

MOST_DAYS: Final = 90
ONE_PERSON_DAYS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Matchers:
    """What a silence matches. An empty one matches everything; all that are given must match.

    `risk_types` and `indicators` match a notice only if each of its causes matches, so that a cause
    that nobody meant to silence is never lost.
    """

    borrower_ids: frozenset[str] = frozenset()
    branch_ids: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    severities: frozenset[Severity] = frozenset()
    risk_types: frozenset[str] = frozenset()
    indicators: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Returns whether they match everything."""
        return not any(getattr(self, name) for name in self.__slots__)

    def match(self, notice: "NoticeSubject") -> bool:
        """Returns whether they match a notice."""
        return (
            (not self.borrower_ids or notice.borrower_id in self.borrower_ids)
            and (not self.branch_ids or notice.branch_id in self.branch_ids)
            and (not self.segments or notice.segment in self.segments)
            and (not self.severities or notice.severity in self.severities)
            and _all_among(notice.risk_types, self.risk_types)
            and _all_among(notice.indicators, self.indicators)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSubject:
    """The properties of a notice that silences match."""

    borrower_id: str
    branch_id: str | None
    segment: str | None
    severity: Severity
    risk_types: frozenset[str]
    indicators: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A silence in force from `begins_at` until before `ends_at`."""

    silence_id: str
    begins_at: datetime
    ends_at: datetime
    reason: str
    author: str
    matchers: Matchers = field(default_factory=Matchers)

    def is_in_force(self, at: datetime) -> bool:
        """Returns whether it is in force at a moment."""
        return self.begins_at <= at < self.ends_at


def silencing(
    silences: Sequence[Silence], notice: NoticeSubject, *, at: datetime
) -> Silence | None:
    """Returns the silence that holds a notice back, of several the one that ends last."""
    matching = [each for each in silences if each.is_in_force(at) and each.matchers.match(notice)]
    return max(matching, key=lambda each: (each.ends_at, each.silence_id), default=None)


def fault(matchers: Matchers, *, days: int) -> str | None:
    """Returns what is wrong with a silence that somebody wants, and the remedy; None if nothing."""
    if matchers.is_empty:
        return "a silence without a matcher would mute the bank; name at least one"
    if Severity.HARD in matchers.severities:
        return "a hard trigger is never silenced; leave HARD out"
    if not 1 <= days <= MOST_DAYS:
        return f"a silence lasts 1 to {MOST_DAYS} days; name such a number"
    return None


def needs_two_people(days: int) -> bool:
    """Returns whether a silence lasts so long that a second person must approve it."""
    return days > ONE_PERSON_DAYS


def _all_among(causes: frozenset[str], names: frozenset[str]) -> bool:
    """Returns whether each cause is among the names; a notice without causes matches no name."""
    return not names or (bool(causes) and causes <= names)
