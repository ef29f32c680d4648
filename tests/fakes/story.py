"""A borrower's life in a few lines: builds domain events and folds them, for tests.

Money is given in whole currency units, dates as ISO text. `close_through` closes every day from the
last closed one, as the bank's clock would.
"""

from copy import copy
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Self

from services.scoring.adapters.rulebook_reader import load_rulebook
from services.scoring.adapters.state_bytes import decode, encode
from services.scoring.domain.assess.assessment import Assessment
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.events import accounts, control, credit_file, loans
from services.scoring.domain.events.event import Event
from services.scoring.domain.fold import fold, new_borrower
from services.scoring.domain.indicators.registry import BY_ID
from services.scoring.domain.primitives import vocabulary
from services.scoring.domain.primitives.measurement import MICRO, Measurement
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.rulebook import Rules
from tests.fakes.measured import note, note_level

SOURCE = "core"
DAY_US = 86_400_000_000
UNIX_DAY = date(1970, 1, 1).toordinal()


def day(text: str) -> int:
    """Return the ordinal of an ISO date."""
    return date.fromisoformat(text).toordinal()


def iso(ordinal: int) -> str:
    """Return the ISO date of an ordinal."""
    return date.fromordinal(ordinal).isoformat()


def minor(amount: float | str) -> int:
    """Return an amount of euros in cents."""
    return int(Decimal(str(amount)) * 100)


EVERYTHING_ON = "everything on"


@cache
def context(rulebook: str = "reference") -> Context:
    """Return a context with a shipped rulebook, or with every indicator switched on.

    Everything on is `reference`, and what only `default` judges beside it; one sector (industry 94)
    is under stress.
    """
    if rulebook != EVERYTHING_ON:
        return Context(load_rulebook(rulebook))
    written, added = load_rulebook("reference"), load_rulebook("default")
    known = {**added.indicators, **written.indicators}
    enabled = {slot: replace(rule, enabled=True) for slot, rule in known.items()}
    everything = replace(written, indicators=enabled, resolved={})
    return Context(everything, sector_z={"94": 2_500_000}, stress_until=day("2100-01-01"))


class Story:
    """One borrower and everything that happens to it, in order of telling."""

    def __init__(self, segment: str = "SME", start: str = "2024-01-01", **profile: str) -> None:
        """Register the borrower on the start day."""
        self.borrower: Borrower = new_borrower("b-1")
        self.assessments: list[Assessment] = []
        self.log: list[Event] = []
        self.today = day(start)
        self.rulebook = profile.get("rulebook", "reference")
        self._count = 0
        self.tell(
            credit_file.BorrowerRegistered(
                *self.head(),
                segment=vocabulary.SEGMENTS.index(segment),
                reporting_currency=profile.get("currency", "EUR"),
                country="DE",
                industry_code=profile.get("industry", ""),
                legal_form="",
                start_day=None,
                group_id=None,
                status="",
                origination_pd_micro=None,
                rating="",
                officer_id=None,
                branch_id=None,
                account_ids=profile["accounts"].split() if "accounts" in profile else [],
            )
        )

    def fork(self) -> Self:
        """Return a story that goes on from here by itself."""
        other = copy(self)
        other.borrower = decode(encode(self.borrower))
        other.log, other.assessments = list(self.log), list(self.assessments)
        return other

    def head(
        self, corrects: str | None = None, kind: str = ""
    ) -> tuple[str, str, str, int, int, str | None, int]:
        """Return the head of the next event, booked today."""
        self._count += 1
        at_us = (self.today - UNIX_DAY) * DAY_US + 43_200_000_000 + self._count
        code = vocabulary.CORRECTION_KINDS.index(kind)
        return SOURCE, f"e{self._count}", "b-1", at_us, self.today, corrects, code

    def tell(self, event: Event) -> str:
        """Fold an event; return its id."""
        self.log.append(event)
        outcome = fold(self.borrower, event, context(self.rulebook))
        self.borrower = outcome.borrower
        if outcome.assessment is not None:
            self.assessments.append(outcome.assessment)
        return event.id

    def on(self, text: str) -> "Story":
        """Close every day before the date and go on on it."""
        target = day(text)
        while self.today < target:
            self.close()
        return self

    def close(self) -> None:
        """Close today; tomorrow begins."""
        self.tell(control.DayClosed(*self.head(), closed_day=self.today))
        self.today += 1

    def close_through(self, text: str) -> "Story":
        """Close every day up to and including the date."""
        target = day(text)
        while self.today <= target:
            self.close()
        return self

    def loan(self, principal: float = 10_000, loan_id: str = "l-1", **terms: object) -> str:
        """Book a term loan."""
        values: dict[str, object] = {
            "loan_id": loan_id,
            "facility_id": None,
            "loan_type": vocabulary.TERM,
            "currency": "EUR",
            "principal_minor": minor(principal),
            "limit_minor": None,
            "drawing_power_minor": None,
            "start_day": self.today,
            "maturity_day": None,
            "repayment_type": 0,
            "rate_micro": None,
            "purpose_code": "",
            "barred_purposes": [],
            "contractual_grace_days": 0,
            "dpd_convention": vocabulary.EXCLUSIVE,
            "holiday_calendar": "",
            "origination_officer_id": None,
            "collection_officer_id": None,
            "review_due_day": None,
            "routing_share_micro": None,
        }
        return self.tell(loans.LoanBooked(*self.head(), **{**values, **terms}))  # type: ignore[arg-type]

    def schedule(
        self,
        *rows: tuple[str, float] | tuple[str, float, float],
        version: int = 1,
        loan_id: str = "l-1",
    ) -> str:
        """Publish a schedule of (due date, principal[, interest])."""
        return self.tell(
            loans.SchedulePublished(
                *self.head(),
                loan_id=loan_id,
                schedule_version=version,
                currency="EUR",
                due_days=[day(row[0]) for row in rows],
                due_principal_minor=[minor(row[1]) for row in rows],
                due_interest_minor=[minor(row[2]) if len(row) > 2 else 0 for row in rows],
                due_fees_minor=[0 for _ in rows],
            )
        )

    def reschedule(self, *rows: tuple[str, float], version: int, effective: str) -> str:
        """Change the schedule by a concession."""
        return self.tell(
            loans.ScheduleChanged(
                *self.head(),
                loan_id="l-1",
                schedule_version=version,
                currency="EUR",
                due_days=[day(row[0]) for row in rows],
                due_principal_minor=[minor(row[1]) for row in rows],
                due_interest_minor=[0 for _ in rows],
                due_fees_minor=[0 for _ in rows],
                effective_day=day(effective),
                change_reason="CONCESSION",
                concession_kind="EXTENSION",
                npv_loss_micro=None,
            )
        )

    def pays(self, amount: float, value: str | None = None, loan_id: str = "l-1") -> str:
        """Post a repayment, with value today or on the given date."""
        return self.tell(
            loans.RepaymentPosted(
                *self.head(),
                loan_id=loan_id,
                paid_minor=minor(amount),
                currency="EUR",
                value_day=self.today if value is None else day(value),
                channel=0,
                payer_account_id=None,
                payer_is_third_party=False,
                outstanding_principal_minor=None,
                accrued_interest_minor=None,
                technical_flag=False,
                dispute_flag=False,
            )
        )

    def reverses(self, payment_id: str, amount: float) -> str:
        """Take a repayment back."""
        return self.tell(
            loans.RepaymentReversed(
                *self.head(payment_id, "reversal"),
                loan_id="l-1",
                paid_minor=minor(amount),
                currency="EUR",
                value_day=self.today,
            )
        )

    def fails(
        self,
        amount: float = 100,
        reason: str = "INSUFFICIENT_FUNDS",
        corrects: str | None = None,
        kind: str = "",
    ) -> str:
        """Fail a collection, or correct one that failed."""
        return self.tell(
            loans.RepaymentFailed(
                *self.head(corrects, kind),
                loan_id="l-1",
                amount_minor=minor(amount),
                currency="EUR",
                value_day=self.today,
                failure_reason=vocabulary.FAILURE_REASONS.index(reason),
            )
        )

    def flow(
        self,
        amount: float,
        category: str = "CUSTOMER_RECEIPT",
        value: str | None = None,
        reverses: str | None = None,
        **fields: object,
    ) -> str:
        """Book a flow: a credit if positive, a debit if negative; or take one back."""
        values: dict[str, object] = {
            "account_id": "a-1",
            "direction": vocabulary.CREDIT if amount > 0 else vocabulary.DEBIT,
            "amount_minor": minor(abs(amount)),
            "currency": "EUR",
            "category": vocabulary.CATEGORIES.index(category),
            "value_day": self.today if value is None else day(value),
            "channel": 0,
            "facility_id": None,
            "counterparty_id": None,
            "counterparty_type": 0,
            "balance_after_minor": None,
            "expected_cycle_key": None,
        }
        head = self.head(reverses, "reversal") if reverses else self.head()
        return self.tell(accounts.AccountTransacted(*head, **{**values, **fields}))  # type: ignore[arg-type]

    def balance(self, amount: float, on: str | None = None, account: str = "a-1") -> str:
        """Report the end-of-day balance of today or of the given date."""
        return self.tell(
            accounts.AccountBalanceClosed(
                *self.head(),
                account_id=account,
                balance_day=self.today if on is None else day(on),
                eod_minor=minor(amount),
                available_minor=None,
                currency="EUR",
            )
        )

    def returned(self, amount: float, *, outgoing: bool = True, reason: int = 0) -> str:
        """Return an item."""
        return self.tell(
            accounts.AccountItemReturned(
                *self.head(),
                account_id="a-1",
                amount_minor=minor(amount),
                currency="EUR",
                return_reason=reason,
                is_outgoing=outgoing,
                value_day=self.today,
            )
        )

    def line(
        self,
        drawn: float,
        limit: float,
        line_id: str = "f-1",
        power: float | None = None,
        on: str | None = None,
        interest: float = 0,
    ) -> str:
        """Report the end-of-day use of a line."""
        return self.tell(
            accounts.FacilityBalanceClosed(
                *self.head(),
                facility_id=line_id,
                loan_id=None,
                account_id=None,
                balance_day=self.today if on is None else day(on),
                limit_minor=minor(limit),
                drawn_minor=minor(drawn),
                drawing_power_minor=None if power is None else minor(power),
                undrawn_usable_minor=None,
                interest_debited_minor=minor(interest),
                currency="EUR",
            )
        )

    @property
    def rules(self) -> Rules:
        """Return the rules that apply to the borrower."""
        return context(self.rulebook).rules_for(self.borrower)

    def measure(self, indicator_id: str, as_of: int | None = None) -> Measurement:
        """Measure one indicator as of the last closed day, or today before any close."""
        closed = self.borrower.counters.closed_day
        found = BY_ID[indicator_id].measure(
            self.borrower, as_of or closed or self.today, self.rules
        )
        return note(indicator_id, found)

    def figure(self, indicator_id: str, component: int = 0) -> float:
        """Return a measured figure as a plain number."""
        value = self.measure(indicator_id).values[component]
        assert value is not None
        return value / MICRO

    def level(self, indicator_id: str) -> int:
        """Return the level that the fold gave an indicator at the last event."""
        as_of = max(self.log[-1].day, self.borrower.counters.closed_day)
        self.measure(indicator_id, as_of)
        return note_level(indicator_id, self.borrower.signals.level[BY_ID[indicator_id].slot])
