"""Measures how often each kind of risk occurs and what it costs: the risk-point queue.

Called on request for a period. Occurrence rate = borrower-months with a
signal of the risk type / borrower-months with exposure. Loss rate = principal written off from
borrowers that were hit, less what came in on it afterwards / their exposure. The index is the
product; the queue begins with the largest, so that staff begin where it both happens and hurts
(domain 1.1 row 14, 6.5).

Must stay true: whole sums only until the last division, so that the order in which months are given
leaves no trace. A loss counts in full for every risk type that its borrower showed.
"""

from dataclasses import dataclass, field

from services.scoring.domain.arrears.instalments import loan_exposure
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.primitives.measurement import micro_ratio, rounded_quotient

WRITTEN_OFF = "WRITTEN_OFF"


@dataclass(slots=True)
class BorrowerMonth:
    """A borrower at one month-end: what it owed and which kinds of risk had a signal."""

    borrower_id: str
    month: int
    exposure_minor: int
    risk_types: frozenset[str]


@dataclass(slots=True)
class RiskPoint:
    """One kind of risk; rates and index in micro-units. A rate without a base is None."""

    risk_type: str
    months_hit: int
    months_exposed: int
    borrowers_hit: int
    exposure_hit_minor: int
    loss_minor: int
    occurrence: int
    loss_rate: int | None
    index: int | None


@dataclass(slots=True)
class RiskPointTally:
    """Takes months and losses in any order; `queue` gives the measures."""

    months_exposed: int = 0
    _seen: set[tuple[str, int]] = field(default_factory=set)
    _months_hit: dict[str, int] = field(default_factory=dict)
    _exposure: dict[str, dict[str, int]] = field(default_factory=dict)
    _losses: dict[str, int] = field(default_factory=dict)

    def take(self, month: BorrowerMonth) -> None:
        """Count a month-end; a second report of the same one is passed over."""
        key = month.borrower_id, month.month
        if month.exposure_minor <= 0 or key in self._seen:
            return
        self._seen.add(key)
        self.months_exposed += 1
        for risk_type in month.risk_types:
            self._months_hit[risk_type] = self._months_hit.get(risk_type, 0) + 1
            hit = self._exposure.setdefault(risk_type, {})
            # The largest exposure at risk: what is written off later was owed then.
            hit[month.borrower_id] = max(hit.get(month.borrower_id, 0), month.exposure_minor)

    def lose(self, borrower_id: str, loss_minor: int) -> None:
        """Count what a borrower cost in the period."""
        self._losses[borrower_id] = self._losses.get(borrower_id, 0) + loss_minor

    def queue(self) -> list[RiskPoint]:
        """Return the measures of each kind of risk that occurred, the largest index first."""
        return sorted((self._point(risk_type) for risk_type in self._months_hit), key=_worst_first)

    def _point(self, risk_type: str) -> RiskPoint:
        hit = self._exposure[risk_type]
        exposure = sum(hit.values())
        loss = sum(self._losses.get(name, 0) for name in hit)
        occurrence = micro_ratio(self._months_hit[risk_type], self.months_exposed)
        loss_rate = micro_ratio(loss, exposure) if exposure else None
        return RiskPoint(
            risk_type=risk_type,
            months_hit=self._months_hit[risk_type],
            months_exposed=self.months_exposed,
            borrowers_hit=len(hit),
            exposure_hit_minor=exposure,
            loss_minor=loss,
            occurrence=occurrence,
            loss_rate=loss_rate,
            index=(
                None if loss_rate is None else rounded_quotient(occurrence * loss_rate, 1_000_000)
            ),
        )


def _worst_first(point: RiskPoint) -> tuple[int, int, str]:
    return -(point.index or 0), -point.occurrence, point.risk_type


def written_off(borrower: Borrower, first: int, last: int) -> int:
    """Return what was lost on loans written off between two days.

    The principal owed on the eve, less what came in from then to the last day.
    """
    total = 0
    for loan in borrower.loans:
        closed = loan.closed_day
        if loan.closed_reason == WRITTEN_OFF and closed is not None and first <= closed <= last:
            payments = zip(loan.paid_days, loan.paid_minor, strict=True)
            recovered = sum(amount for day, amount in payments if closed <= day <= last)
            total += max(0, loan_exposure(loan, closed - 1) - recovered)
    return total
