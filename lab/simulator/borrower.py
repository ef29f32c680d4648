"""Simulates one borrower day by day: receives, pays, repays, reports.

The order inside a day is that of a bank: payments through the day, instalments in the evening,
balances at night. Nothing here depends on an indicator. Invariant: the same seed and number give
the same events in any portfolio.
"""

from random import Random

from lab.simulator import reference_data
from lab.simulator.accounts import Accounts, CreditLine, Settlement
from lab.simulator.booking_faults import BookingFaults
from lab.simulator.credit_file import SimulatedCreditFile
from lab.simulator.days import Calendar, Day
from lab.simulator.event_log import EventLog
from lab.simulator.events import SimulatedEvent
from lab.simulator.firm import Firm
from lab.simulator.household import Household
from lab.simulator.lending import Lending
from lab.simulator.plan import Plan
from lab.simulator.profile import SimulatedProfile
from lab.simulator.scenarios.conditions import Conditions, Story
from lab.simulator.schedules import Terms, draw_terms
from lab.simulator.statements import Statements
from lab.simulator.unpaid_bills import UnpaidBills
from services.scoring.domain.portfolio.outcomes import BorrowerOutcome

CUSTOMERS_LEARN_AFTER_DAYS = 20
CONFIDENCE_LOST_A_MONTH = 0.75
DEFAULT_DAYS_PAST_DUE = 90
NIGHT = 22 * 3600


class SimulatedBorrower:
    """One borrower: its plan, its accounts, its loans and its events."""

    def __init__(
        self,
        *,
        profile: SimulatedProfile,
        story: Story,
        rng: Random,
        calendar: Calendar,
        faults: BookingFaults,
        has_credit_file: bool = False,
    ) -> None:
        self.profile = profile
        self._story = story
        self._rng = rng
        self._calendar = calendar
        self._faults = faults
        self._event_log = EventLog(borrower_no=profile.no, borrower_id=profile.borrower_id)
        self._plan = Plan(rng=rng, calendar=calendar, script=story.script, today=calendar.first)
        first = calendar.day(calendar.first)
        self.loans: list[Terms] = draw_terms(rng, profile=profile, day=first, calendar=calendar)
        self.accounts = self._open_accounts()
        self._lending = Lending(
            loans=self.loans,
            accounts=self.accounts,
            event_log=self._event_log,
            story=story,
            rng=rng,
        )
        self._operations: Firm | Household = (
            Household(profile, self._plan) if profile.is_person else Firm(profile, self._plan)
        )
        self._statements = (
            Statements(
                profile=profile,
                plan=self._plan,
                event_log=self._event_log,
                story=story,
                calendar=calendar,
            )
            if not profile.is_person and (profile.segment != "MICRO" or rng.random() < 0.6)
            else None
        )
        self._credit_file: SimulatedCreditFile | None = None
        if has_credit_file:
            self._credit_file = SimulatedCreditFile(
                profile=profile,
                story=story,
                loans=self.loans,
                accounts=self.accounts,
                event_log=self._event_log,
                lending=self._lending,
            )
        self._reserve_goal = self.accounts.reserve
        self._event_date: int | None = None
        self._unpaid_bills = UnpaidBills()
        self._excess_days = 0

    @property
    def outcome(self) -> BorrowerOutcome:
        """Return the outcome so far.

        The event is the first day on which an instalment was unpaid, or the line above its limit,
        for more than 90 days; or the failing event of the story.
        """
        return BorrowerOutcome(
            borrower_id=self.profile.borrower_id,
            event=self._event_date,
            group=self._story.name,
            distress=self._story.distress_start,
            first_missed=self._lending.first_missed,
        )

    def simulate(self, day: Day) -> list[SimulatedEvent]:
        """Simulate one day; return the events that the bank's systems booked, unsorted."""
        self._plan.today = day.ordinal
        if day.ordinal == self._calendar.first:
            reference_data.introduce(self.profile, self.loans, self.accounts, self._event_log, day)
            self._operations.write_month(day.month_index)
        elif day.day_of_month == 1:
            self._operations.write_month(day.month_index)
        conditions = self._story.script(day.ordinal)
        if day.ordinal == self._story.fails_on:
            self.accounts.empty(day, second=7 * 3600)
        self._pay_and_receive(day, conditions)
        if not self._unpaid_bills.is_empty and day.is_business and not conditions.has_ceased:
            self._unpaid_bills.pay(self.accounts, day, conditions)
        if self._lending.next_due <= day.ordinal or self._lending.has_open:
            self._lending.collect(day, conditions, self._calendar, self._faults)
        self._manage_liquidity(day, conditions)
        if self._statements is not None and self._statements.next_filing <= day.ordinal:
            self._statements.file(day)
        self._add_to_credit_file(day, conditions)
        self.accounts.close(day, second=NIGHT + self.profile.no % 1800)
        self._update_outcome(day)
        return self._event_log.take(ordinal=day.ordinal)

    def _add_to_credit_file(self, day: Day, conditions: Conditions) -> None:
        """Add the day's events of the credit file, if the run has one."""
        if self._credit_file is None:
            return
        if day.ordinal == self._calendar.first:
            filing = self._statements.first_after_history if self._statements is not None else None
            self._credit_file.open(day, filing)
        self._credit_file.add_day(day, conditions, self._calendar.first)

    def _open_accounts(self) -> Accounts:
        profile = self.profile
        line = None
        if profile.line_months > 0.0:
            limit = int(profile.income_minor * profile.line_months) // 100_000 * 100_000
            line = CreditLine(
                facility_id=f"{profile.borrower_id}-F1",
                loan_id=f"{profile.borrower_id}-RL",
                limit_minor=limit,
                drawn_minor=int(limit * self._rng.triangular(0.0, 0.6, 0.15)),
            )
        accounts = Accounts(
            account_id=f"A{profile.no:05d}",
            currency=profile.currency,
            event_log=self._event_log,
            line=line,
        )
        spends_a_day = profile.income_minor * 0.95 / 30
        accounts.comfort = int(spends_a_day * profile.buffer_days)
        accounts.balance = accounts.comfort
        accounts.reserve = int(profile.income_minor * profile.reserve_months)
        return accounts

    def _pay_and_receive(self, day: Day, conditions: Conditions) -> None:
        flows = self._plan.flows.pop(day.ordinal, ())
        for flow in sorted(flows):
            settled = self.accounts.settle(flow, day, conditions)
            if settled in (Settlement.PUT_OFF, Settlement.RETURNED):
                self._unpaid_bills.add(flow)

    def _manage_liquidity(self, day: Day, conditions: Conditions) -> None:
        if conditions.has_ceased or not day.is_business:
            return
        if day.day_of_month in (3, 13, 23):
            self.accounts.pay_down_line(day, second=20 * 3600)
        if day.is_month_end or day.day_of_month == 28:
            self.accounts.sweep(day, second=20 * 3600 + 60, reserve_goal=self._reserve_goal)

    def _update_outcome(self, day: Day) -> None:
        """Record a failing event, and let unpaid instalments cost further customers."""
        self._excess_days = self._excess_days + 1 if self.accounts.is_above_limit else 0
        past_due = self._lending.days_past_due(day.ordinal) if self._lending.has_open else 0
        has_failed = (
            self._story.fails_on == day.ordinal
            or max(past_due, self._excess_days) > DEFAULT_DAYS_PAST_DUE
        )
        if has_failed and self._event_date is None:
            self._event_date = day.ordinal
        loses = self._story.script(day.ordinal).loses_confidence
        if loses and past_due > CUSTOMERS_LEARN_AFTER_DAYS and day.day_of_month == 1:
            self._plan.confidence *= CONFIDENCE_LOST_A_MONTH
