"""The rules for day closes at the door: from whom one is taken, and which waits for two people.

A close moves every borrower of the bank, and a date that was closed too early puts all of them in
arrears. So only one party closes days, and a date that does not follow the last one is a decision.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from services.ingest.domain.reasons import Refusal, RefusalReason

DayCloser = Literal["clock", "events"]

# A week covers the longest row of days off; a longer gap is an outage, or a wrong date.
MAX_DAYS_AFTER_LAST: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCloseState:
    """What a close is compared with.

    Attributes:
        last: The latest date that was closed, or None before the first.
        today: The bank's date.
        is_in_history_load: Whether the close is part of an open history load.
    """

    last: date | None
    today: date
    is_in_history_load: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCloseRules:
    """Who closes days: the platform's clock, or the end of day of one source."""

    closer: DayCloser
    source: str

    def refusal(self, closed: date, *, source: str, state: DayCloseState) -> Refusal | None:
        """Returns why a close is not taken now; None if it is."""
        if not state.is_in_history_load and (refusal := self._sender_refusal(source)):
            return refusal
        if state.last is not None and closed <= state.last:
            # Moves nothing, because that date is closed already.
            return None
        if closed > state.today:
            return _waits(f"{closed} is after today, {state.today}")
        if state.last is None or state.is_in_history_load:
            return None
        if closed > state.last + timedelta(days=MAX_DAYS_AFTER_LAST):
            return _waits(
                f"{closed} is more than {MAX_DAYS_AFTER_LAST} days after the last close, "
                f"{state.last}"
            )
        return None

    def _sender_refusal(self, source: str) -> Refusal | None:
        if self.closer == "clock":
            return _not_allowed("days are closed by the clock (TOCSIN_DAY_CLOSE is `clock`)")
        if source != self.source:
            return _not_allowed("days are closed by the source in TOCSIN_DAY_CLOSE_SOURCE")
        return None


def _not_allowed(detail: str) -> Refusal:
    return Refusal(reason=RefusalReason.DAY_CLOSE_NOT_ALLOWED, pointer="/source", detail=detail)


def _waits(detail: str) -> Refusal:
    return Refusal(reason=RefusalReason.AWAITS_APPROVAL, pointer="/data/closed_date", detail=detail)
