"""Figures by day, and what the facts keep of flows by their purpose.

Part of `borrower`, in a module of its own. Kept apart from `Flows`, because these flows are rare: a
borrower without them pays for an empty list, and one that has them writes them only when one comes.
"""

from dataclasses import dataclass, field

from services.scoring.domain.primitives.series import Series


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


@dataclass(slots=True)
class Dealings:
    """What a borrower does beside its business: other people's money, drawdowns, promises.

    ``inflows`` is money that is no revenue: from other lenders, owners, related parties.
    ``helped_days`` and ``helped_keys`` name repayments that somebody else made.

    Flows with other lenders are kept one by one while they are recent: ``lender_days`` with the
    lender's digest and the number of flows, ordered by both. ``lenders`` are those known from
    before the flows kept, ascending. ``lender_months[i]`` is what was paid to other lenders in
    month ``lender_first_month + i``.

    ``drawn_…`` are drawdowns in order of value day; ``drawn_to`` says where the money went (see
    `dealings`). ``away_…`` is where money went after a drawdown, by day and purpose, kept only
    while one is recent.

    ``promise_…`` are promises to pay in order of the day promised. ``forecast_…`` are the
    borrower's own forecasts, in order of the period's end.

    What passes through is kept only while a rulebook asks for it, from ``passing_since`` on:
    ``passing_in`` is all money that came in, ``passed`` what of it was gone a business day later,
    settled through ``passed_through``; ``out_…`` are the payees of the days after that.
    """

    inflows: Series = field(default_factory=Series)
    helped_days: list[int] = field(default_factory=list)
    helped_keys: list[int] = field(default_factory=list)
    lenders: list[int] = field(default_factory=list)
    lender_days: list[int] = field(default_factory=list)
    lender_keys: list[int] = field(default_factory=list)
    lender_counts: list[int] = field(default_factory=list)
    lender_ref: str = ""
    lender_first_month: int = 0
    lender_months: list[int] = field(default_factory=list)
    drawn_days: list[int] = field(default_factory=list)
    drawn_minor: list[int] = field(default_factory=list)
    drawn_loans: list[str] = field(default_factory=list)
    drawn_to: list[int] = field(default_factory=list)
    drawn_refs: list[str] = field(default_factory=list)
    away_days: list[int] = field(default_factory=list)
    away_purposes: list[int] = field(default_factory=list)
    away_minor: list[int] = field(default_factory=list)
    promise_days: list[int] = field(default_factory=list)
    promise_made_days: list[int] = field(default_factory=list)
    promise_minor: list[int] = field(default_factory=list)
    promise_loans: list[str] = field(default_factory=list)
    promise_refs: list[str] = field(default_factory=list)
    forecast_ends: list[int] = field(default_factory=list)
    forecast_months: list[int] = field(default_factory=list)
    forecast_metrics: list[int] = field(default_factory=list)
    forecast_minor: list[int] = field(default_factory=list)
    forecast_refs: list[str] = field(default_factory=list)
    passing_since: int = 0
    passed_through: int = 0
    passing_in: Series = field(default_factory=Series)
    passed: Series = field(default_factory=Series)
    out_days: list[int] = field(default_factory=list)
    out_keys: list[int] = field(default_factory=list)
    out_minor: list[int] = field(default_factory=list)
