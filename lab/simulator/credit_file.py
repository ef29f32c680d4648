"""The borrower's credit file: events of officers, lawyers, valuers and other banks.

Only in runs with credit files (`tocsin simulate --dossier`), with random numbers of its own, so a
run without them does not change. It follows the story: a covenant is certified from the sales of
the day, the tax office seizes the account of a failed borrower. Invariant: nothing here moves money
or a due date.
"""

from datetime import date
from random import Random

from lab.simulator.accounts import Accounts
from lab.simulator.days import Day, month_start
from lab.simulator.event_log import EventLog
from lab.simulator.events import ACCOUNTS, CONTRACTS, REPAYMENTS, STATEMENTS, Fields, money
from lab.simulator.lending import Lending
from lab.simulator.profile import SimulatedProfile
from lab.simulator.scenarios.conditions import Conditions, Story
from lab.simulator.schedules import Terms
from lab.simulator.statements import Filing

OFFICE = "office/credit-file"
BUREAU = "bureau/one"
MORNING = 9 * 3600
YEAR = 365
HALF_A_YEAR = 182
QUARTER = 91
PROMISED_AFTER_DAYS = 10
DAYS_TO_KEEP_A_PROMISE = 7
DAYS_BETWEEN_PROMISES = 30
SEEN_ON_SITE_AFTER_DAYS = 60
REPORTED_AFTER_DAYS = 150
SEIZED_AFTER_DAYS = 10
DISPUTE_SETTLED_AFTER_DAYS = 12
GUARANTEE_DAYS = 120
REPORTING = ("SME", "CORPORATE", "LARGE")


def iso(ordinal: int) -> str:
    """Return the ISO date of an ordinal."""
    return date.fromordinal(ordinal).isoformat()


class SimulatedCreditFile:
    """The credit file of one borrower."""

    def __init__(
        self,
        *,
        profile: SimulatedProfile,
        story: Story,
        loans: list[Terms],
        accounts: Accounts,
        event_log: EventLog,
        lending: Lending,
    ) -> None:
        self._profile = profile
        self._story = story
        self._loans = loans
        self._accounts = accounts
        self._event_log = event_log
        self._lending = lending
        self._rng = Random(f"dossier:{profile.borrower_id}")
        self._second = MORNING
        self._last_promise = 0
        self._dispute: tuple[int, Fields] | None = None
        self._closed: set[str] = set()

    def open(self, day: Day, filing: Filing | None) -> None:
        """Add the events of the first day."""
        for loan in self._loans:
            self._disbursed(loan, day)
        if self._profile.is_person:
            return
        self._valued(day, share=1.4)
        self._linked(day)
        if self._profile.no % 4 == 0:
            self._guarantee_booked(day)
        if filing is not None:
            self._statement_due(filing, day)

    def add_day(self, day: Day, conditions: Conditions, first: int) -> None:
        """Add the events of a day."""
        self._second = MORNING
        age = day.ordinal - first
        self._arrears(day)
        self._ends(day)
        if self._story.fails_on is not None:
            self._failed(day, day.ordinal - self._story.fails_on)
        if self._profile.is_person:
            return
        if age == GUARANTEE_DAYS and self._profile.no % 4 == 0:
            self._close(f"{self._profile.borrower_id}-G1", "CANCELLED", day)
        if age and age % YEAR == self._profile.no % YEAR:
            self._valued(day, share=1.4 * min(1.0, conditions.revenue_ratio + 0.1))
            self._line_renewed(day)
        if self._profile.segment in REPORTING and age % QUARTER == self._profile.no % QUARTER:
            self._certified(day, conditions)
        if age % HALF_A_YEAR == self._profile.no % HALF_A_YEAR:
            self._inspected(day, conditions)
        if self._story.distress_start is not None:
            self._distress(day, day.ordinal - self._story.distress_start)

    def _add(self, type_: str, data: Fields, day: Day, source: str = OFFICE) -> None:
        self._second += 60
        self._event_log.book(type_, data, day=day, second=self._second, source=source)

    def _disbursed(self, loan: Terms, day: Day) -> None:
        data: Fields = {
            "loan_id": loan.loan_id,
            "disbursed_amount": money(loan.principal),
            "currency": self._profile.currency,
            "value_date": iso(loan.start),
            "purpose_code": "CONSUMPTION" if self._profile.is_person else "MACHINERY",
            "payee_account_id": self._accounts.account_id,
        }
        self._add("loan.disbursed.v1", data, day, CONTRACTS)

    def _valued(self, day: Day, *, share: float) -> None:
        loan = self._loans[0]
        data: Fields = {
            "collateral_id": f"{self._profile.borrower_id}-C1",
            "loan_ids": [loan.loan_id],
            "type": "REAL_ESTATE",
            "usage": "COMMERCIAL",
            "value": money(int(loan.principal * share)),
            "currency": self._profile.currency,
            "valuation_date": day.iso,
            "valuer_id": f"valuer-{self._rng.randint(1, 5)}",
            "haircut": "0.2",
            "insurance_expiry_date": iso(day.ordinal + YEAR + 30),
        }
        self._add("collateral.valued.v1", data, day)

    def _linked(self, day: Day) -> None:
        """Declare the owner's parties, and link some borrowers to the next one."""
        mine = self._profile.borrower_id
        other = f"B{self._profile.no + 1:05d}"
        parties = [{"counterparty_id": f"{mine}-owner", "relation": "OWNER"}]
        declared: Fields = {"declared_date": day.iso, "related_parties": parties}
        self._add("related-parties.declared.v1", declared, day)
        if self._profile.no % 5 == 0:
            guarantee: Fields = {
                "guarantor_borrower_id": other,
                "coverage_amount": money(self._loans[0].principal // 2),
                "currency": self._profile.currency,
                "effective_date": day.iso,
                "loan_ids": [self._loans[0].loan_id],
            }
            self._add("guarantor.linked.v1", guarantee, day)
        if self._profile.no % 7 == 0:
            dependency: Fields = {
                "linked_borrower_id": other,
                "kind": "DEPENDENCY",
                "strength": "0.3",
                "effective_date": day.iso,
            }
            self._add("group.linked.v1", dependency, day)

    def _statement_due(self, filing: Filing, day: Day) -> None:
        period_end = iso(month_start(filing.last_month + 1).toordinal() - 1)
        due: Fields = {
            "due_date": iso(filing.due),
            "period_end": period_end,
            "period_months": filing.months,
            "basis": filing.basis,
        }
        self._add("statement.due.v1", due, day, STATEMENTS)
        forecast: Fields = {
            "metric": "revenue",
            "period_end": period_end,
            "period_months": filing.months,
            "value": money(self._profile.income_minor * filing.months),
            "currency": self._profile.currency,
            "received_date": day.iso,
        }
        self._add("forecast.received.v1", forecast, day, STATEMENTS)

    def _line_renewed(self, day: Day) -> None:
        line = self._accounts.line
        if line is None:
            return
        data: Fields = {
            "facility_id": line.facility_id,
            "limit_amount": money(line.limit_minor),
            "currency": self._profile.currency,
            "effective_date": day.iso,
        }
        self._add("limit.changed.v1", data, day, CONTRACTS)

    def _certified(self, day: Day, conditions: Conditions) -> None:
        data: Fields = {
            "covenant_id": f"{self._profile.borrower_id}-V1",
            "metric": "DSCR",
            "kind": "MIN",
            "limit": "1.2",
            "actual": f"{max(0.0, 1.65 * conditions.revenue_ratio):.2f}",
            "test_date": day.iso,
            "certificate_date": day.iso,
            "next_certificate_due_date": iso(day.ordinal + QUARTER + 14),
        }
        self._add("covenant.certified.v1", data, day)

    def _inspected(self, day: Day, conditions: Conditions) -> None:
        is_quiet = conditions.revenue_ratio < 0.75 or conditions.has_ceased
        data: Fields = {
            "inspection_id": f"{self._profile.borrower_id}-I{day.ordinal}",
            "inspection_date": day.iso,
            "kind": "SITE_VISIT",
            "outcome": "CONCERNS" if is_quiet else "SATISFACTORY",
            "officer_id": self._profile.officer_id,
            "next_due_date": iso(day.ordinal + HALF_A_YEAR + 30),
        }
        self._add("inspection.recorded.v1", data, day)

    def _distress(self, day: Day, since: int) -> None:
        if since == SEEN_ON_SITE_AFTER_DAYS:
            data: Fields = {
                "finding_id": f"{self._profile.borrower_id}-W1",
                "code": "PRODUCTION_DOWN",
                "severity": "MEDIUM",
                "raised_date": day.iso,
                "officer_id": self._profile.officer_id,
                "status": "OPEN",
            }
            self._add("finding.raised.v1", data, day)
        if since == REPORTED_AFTER_DAYS and self._story.name == "over_leverage":
            reported: Fields = {
                "report_date": day.iso,
                "reporter": BUREAU,
                "kind": "ARREARS",
                "days_past_due": 20,
                "amount": money(self._profile.income_minor // 10),
                "currency": self._profile.currency,
            }
            self._add("external-delinquency.reported.v1", reported, day, BUREAU)

    def _failed(self, day: Day, since: int) -> None:
        if since == SEIZED_AFTER_DAYS:
            data: Fields = {
                "account_id": self._accounts.account_id,
                "block_kind": "SEIZURE",
                "effective_date": day.iso,
                "authority": "Tax office",
            }
            self._add("account.blocked.v1", data, day, ACCOUNTS)

    def _arrears(self, day: Day) -> None:
        """Promise to pay what is open; dispute the bank's own mistakes until it admits them."""
        if self._dispute is not None:
            self._settle_dispute(day, *self._dispute)
            return
        oldest = self._lending.oldest_open()
        if oldest is None or not day.is_business:
            return
        loan_id, item = oldest
        if item.is_excused:
            dispute: Fields = {
                "dispute_id": f"{loan_id}-D{item.no}",
                "loan_id": loan_id,
                "disputed_amount": money(item.open_minor),
                "currency": self._profile.currency,
                "raised_date": day.iso,
                "due_date": iso(item.due),
            }
            self._add("claim.disputed.v1", dispute | {"status": "OPEN"}, day, REPAYMENTS)
            self._dispute = day.ordinal + DISPUTE_SETTLED_AFTER_DAYS, dispute
        elif (
            day.ordinal - item.due >= PROMISED_AFTER_DAYS
            and day.ordinal - self._last_promise >= DAYS_BETWEEN_PROMISES
        ):
            self._last_promise = day.ordinal
            promised: Fields = {
                "loan_id": loan_id,
                "promise_amount": money(item.open_minor),
                "currency": self._profile.currency,
                "promise_date": iso(day.ordinal + DAYS_TO_KEEP_A_PROMISE),
                "made_date": day.iso,
            }
            self._add("promise.made.v1", promised, day, REPAYMENTS)

    def _settle_dispute(self, day: Day, until: int, dispute: Fields) -> None:
        """Settle the dispute, and publish the unchanged schedule again."""
        if day.ordinal < until:
            return
        settled = {"status": "UPHELD", "settled_date": day.iso}
        self._add("claim.disputed.v1", dispute | settled, day, REPAYMENTS)
        self._dispute = None
        loan = next(loan for loan in self._loans if loan.loan_id == dispute["loan_id"])
        data: Fields = {
            "loan_id": loan.loan_id,
            "schedule_version": 2 + day.ordinal - loan.start,
            "currency": self._profile.currency,
            "change_reason": "ERROR",
            "effective_date": day.iso,
            "instalments": [
                {
                    "instalment_no": item.no,
                    "due_date": iso(item.due),
                    "due_principal": money(item.principal),
                    "due_interest": money(item.interest),
                    "due_fees": money(0),
                }
                for item in loan.instalments
            ],
        }
        self._add("schedule.changed.v1", data, day, CONTRACTS)

    def _ends(self, day: Day) -> None:
        for loan in self._loans:
            if day.ordinal <= loan.maturity or loan.loan_id in self._closed:
                continue
            if all(item.open_minor == 0 for item in loan.instalments):
                self._closed.add(loan.loan_id)
                self._close(loan.loan_id, "REPAID", day)

    def _close(self, loan_id: str, reason: str, day: Day) -> None:
        data: Fields = {"loan_id": loan_id, "closed_date": day.iso, "reason": reason}
        self._add("loan.closed.v1", data, day, CONTRACTS)

    def _guarantee_booked(self, day: Day) -> None:
        """Book a tender guarantee that is never called and ends in spring."""
        data: Fields = {
            "loan_id": f"{self._profile.borrower_id}-G1",
            "type": "GUARANTEE",
            "currency": self._profile.currency,
            "principal": money(0),
            "limit_amount": money(self._profile.income_minor // 10),
            "start_date": day.iso,
        }
        self._add("loan.booked.v1", data, day, CONTRACTS)
