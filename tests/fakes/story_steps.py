"""What may happen to the borrower of a `Story`, one event a method.

Money is in whole currency units, shares and figures are plain numbers, dates are ISO text. What a
call leaves out comes from `event_defaults`, and takes place today.
"""

from services.scoring.domain.assess.assessment import Assessment
from services.scoring.domain.borrower.decisions import NO_STATE
from services.scoring.domain.borrower.risk import FLAG_NAMES, STATE_NAMES
from services.scoring.domain.events import accounts, credit_file, loans
from services.scoring.domain.events.event import Event
from services.scoring.domain.primitives import vocabulary
from services.scoring.domain.primitives.measurement import MICRO
from tests.fakes.event_defaults import statement_lines
from tests.fakes.units import day, minor, month_end, optional_day

Head = tuple[str, str, str, int, int, str | None, int]


class Steps:
    """The base of all steps: today, the head of the next event, and its fold."""

    today: int
    log: list[Event]
    assessments: list[Assessment]

    def head(self, corrects: str | None = None, kind: str = "") -> Head:
        """Return the head of the next event, booked today."""
        raise NotImplementedError

    def happens(self, kind: type[Event], /, head: Head | None = None, **fields: object) -> str:
        """Fold an event with the given fields and the defaults of its type; return its id."""
        raise NotImplementedError

    def _day(self, text: str | None) -> int:
        """Return the ordinal of a date; today's without one."""
        return self.today if text is None else day(text)

    def _reversal(self, reversed_id: str | None) -> Head:
        return self.head(reversed_id, "reversal") if reversed_id else self.head()

    def _amendment(self, amended_id: str | None) -> Head:
        return self.head(amended_id, "amendment") if amended_id else self.head()


class LoanSteps(Steps):
    """Loans: their terms, schedules, payments, disputes and ends."""

    def loan(self, principal: float = 10_000, loan_id: str = "l-1", **terms: object) -> str:
        """Book a term loan."""
        values = {
            "loan_id": loan_id,
            "principal_minor": minor(principal),
            "start_day": self.today,
            **terms,
        }
        return self.happens(loans.LoanBooked, **values)

    def schedule(
        self,
        *rows: tuple[str, float] | tuple[str, float, float],
        version: int = 1,
        loan_id: str = "l-1",
        amends: str | None = None,
    ) -> str:
        """Publish a schedule of (due date, principal[, interest])."""
        return self.happens(
            loans.SchedulePublished,
            self._amendment(amends),
            loan_id=loan_id,
            schedule_version=version,
            currency="EUR",
            due_days=[day(row[0]) for row in rows],
            due_principal_minor=[minor(row[1]) for row in rows],
            due_interest_minor=[minor(row[2]) if len(row) > 2 else 0 for row in rows],
            due_fees_minor=[0 for _ in rows],
        )

    def reschedule(
        self,
        *rows: tuple[str, float],
        version: int,
        kind: str = "EXTENSION",
        loss: float | None = None,
        reason: str = "CONCESSION",
        loan_id: str = "l-1",
        effective: str | None = None,
        amends: str | None = None,
    ) -> str:
        """Change the schedule, by a concession unless another reason is given."""
        return self.happens(
            loans.ScheduleChanged,
            self._amendment(amends),
            loan_id=loan_id,
            schedule_version=version,
            currency="EUR",
            due_days=[day(row[0]) for row in rows],
            due_principal_minor=[minor(row[1]) for row in rows],
            due_interest_minor=[0 for _ in rows],
            due_fees_minor=[0 for _ in rows],
            effective_day=self._day(effective),
            change_reason=reason,
            concession_kind=kind,
            npv_loss_micro=None if loss is None else round(loss * MICRO),
        )

    def draws(
        self,
        amount: float,
        payee: str = "a-1",
        value: str | None = None,
        takes_back: str | None = None,
        loan_id: str = "l-1",
    ) -> str:
        """Draw on the loan, paid to an account; or take a drawdown back."""
        return self.happens(
            loans.LoanDisbursed,
            self._reversal(takes_back),
            loan_id=loan_id,
            drawn_minor=minor(amount),
            currency="EUR",
            value_day=self._day(value),
            payee_account_id=payee,
        )

    def pays(
        self, amount: float, value: str | None = None, loan_id: str = "l-1", **fields: object
    ) -> str:
        """Post a repayment, with value today or on the given date."""
        values = {
            "loan_id": loan_id,
            "paid_minor": minor(amount),
            "value_day": self._day(value),
            **fields,
        }
        return self.happens(loans.RepaymentPosted, **values)

    def third_party_pays(self, amount: float, channel: str = "TRANSFER") -> str:
        """Post a repayment that a third party made, or one by another channel."""
        return self.pays(
            amount,
            channel=vocabulary.REPAYMENT_CHANNELS.index(channel),
            payer_is_third_party=channel == "TRANSFER",
        )

    def reverses(self, payment_id: str, amount: float, loan_id: str = "l-1") -> str:
        """Reverse a repayment."""
        return self.happens(
            loans.RepaymentReversed,
            self.head(payment_id, "reversal"),
            loan_id=loan_id,
            paid_minor=minor(amount),
            currency="EUR",
            value_day=self.today,
        )

    def fails(
        self,
        amount: float = 100,
        reason: str = "INSUFFICIENT_FUNDS",
        corrects: str | None = None,
        kind: str = "",
    ) -> str:
        """Fail a collection, or correct one that failed."""
        return self.happens(
            loans.RepaymentFailed,
            self.head(corrects, kind),
            loan_id="l-1",
            amount_minor=minor(amount),
            currency="EUR",
            value_day=self.today,
            failure_reason=vocabulary.FAILURE_REASONS.index(reason),
        )

    def promises(
        self, amount: float, by: str, loan_id: str = "l-1", takes_back: str | None = None
    ) -> str:
        """Promise today to pay by a date; or take a promise back."""
        return self.happens(
            loans.PromiseMade,
            self._reversal(takes_back),
            loan_id=loan_id,
            promised_minor=minor(amount),
            currency="EUR",
            promise_day=day(by),
            made_day=self.today,
        )

    def disputes(
        self,
        amount: float,
        *,
        status: str = "OPEN",
        since: str | None = None,
        due: str | None = None,
        name: str = "d-1",
        currency: str = "EUR",
    ) -> str:
        """Open a dispute today or since a date, or settle it today."""
        return self.happens(
            loans.ClaimDisputed,
            dispute_id=name,
            loan_id="l-1",
            disputed_minor=minor(amount),
            currency=currency,
            due_day=optional_day(due),
            raised_day=self._day(since),
            status=vocabulary.DISPUTE_STATUSES.index(status),
        )

    def ends(
        self,
        reason: str = "REPAID",
        loan_id: str = "l-1",
        kind: str = "",
        corrects: str = "",
        **fields: object,
    ) -> str:
        """End a loan today, or take an end of it back: the newest one where none is named."""
        if kind and not corrects:
            corrects = next(
                event.id
                for event in reversed(self.log)
                if isinstance(event, loans.LoanClosed) and event.loan_id == loan_id
            )
        return self.happens(
            loans.LoanClosed,
            self.head(corrects, kind) if kind else self.head(),
            loan_id=loan_id,
            **{"closed_day": self.today, "reason": reason, **fields},
        )


class AccountSteps(Steps):
    """Accounts, lines and cards."""

    def flow(
        self,
        amount: float,
        category: str = "CUSTOMER_RECEIPT",
        value: str | None = None,
        reverses: str | None = None,
        **fields: object,
    ) -> str:
        """Book a flow: a credit if positive, a debit if negative; or take one back."""
        values = {
            "direction": vocabulary.CREDIT if amount > 0 else vocabulary.DEBIT,
            "amount_minor": minor(abs(amount)),
            "category": vocabulary.CATEGORIES.index(category),
            "value_day": self._day(value),
            **fields,
        }
        return self.happens(accounts.AccountTransacted, self._reversal(reverses), **values)

    def balance(
        self,
        amount: float,
        on: str | None = None,
        account: str = "a-1",
        currency: str = "EUR",
    ) -> str:
        """Report an end-of-day balance."""
        return self.happens(
            accounts.AccountBalanceClosed,
            account_id=account,
            balance_day=self._day(on),
            eod_minor=minor(amount),
            available_minor=None,
            currency=currency,
        )

    def returned(self, amount: float, *, outgoing: bool = True, reason: int = 0) -> str:
        """Return an item."""
        return self.happens(
            accounts.AccountItemReturned,
            account_id="a-1",
            amount_minor=minor(amount),
            currency="EUR",
            return_reason=reason,
            is_outgoing=outgoing,
            value_day=self.today,
        )

    def line(
        self,
        drawn: float,
        limit: float,
        line_id: str = "f-1",
        power: float | None = None,
        on: str | None = None,
        interest: float = 0,
        **fields: object,
    ) -> str:
        """Report the end-of-day use of a line."""
        values = {
            "facility_id": line_id,
            "balance_day": self._day(on),
            "limit_minor": minor(limit),
            "drawn_minor": minor(drawn),
            "drawing_power_minor": None if power is None else minor(power),
            "interest_debited_minor": minor(interest),
            **fields,
        }
        return self.happens(accounts.FacilityBalanceClosed, **values)

    def card(self, drawn: float, limit: float, months_late: int = 0) -> str:
        """Report the use of a card whose system counts the months past due."""
        return self.line(drawn, limit, "card", loan_id="card", months_past_due=months_late)

    def limit(
        self, limit: float, since: str | None = None, until: str | None = None, power: float = -1
    ) -> str:
        """Advise a limit of line f-1, from today or the date on."""
        return self.happens(
            accounts.LimitChanged,
            facility_id="f-1",
            limit_minor=minor(limit),
            power_minor=None if power < 0 else minor(power),
            currency="EUR",
            effective_day=self._day(since),
            until=optional_day(until),
        )

    def blocks(self, kind: str, account: str = "a-1", on: str | None = None) -> str:
        """Block or release an account."""
        return self.happens(
            accounts.AccountBlocked,
            account_id=account,
            kind=vocabulary.BLOCK_KINDS.index(kind),
            effective_day=self._day(on),
        )


class CreditFileSteps(Steps):
    """The credit file: collateral, covenants, statements, links, reports, findings, decisions."""

    def collateral(self, value: float, piece: str = "c-1", **terms: object) -> str:
        """Value commercial property that secures l-1, today."""
        values = {
            "collateral_id": piece,
            "value_minor": minor(value),
            "valued_day": self.today,
            **terms,
        }
        return self.happens(credit_file.CollateralValued, **values)

    def covenant(
        self,
        actual: float,
        limit: float,
        *,
        ceiling: bool = False,
        tested: str | None = None,
        name: str = "DSCR",
        due: str | None = None,
        waiver: bool = False,
        cure: str | None = None,
    ) -> str:
        """Certify a covenant, tested today or on the date."""
        return self.happens(
            credit_file.CovenantCertified,
            covenant_id=f"v-{name}",
            metric=name,
            is_ceiling=ceiling,
            limit_micro=round(limit * MICRO),
            actual_micro=round(actual * MICRO),
            test_day=self._day(tested),
            certificate_day=self.today,
            cure_until=optional_day(cure),
            is_waiver_asked=waiver,
            next_due_day=optional_day(due),
        )

    def files(
        self,
        month: str,
        months: int = 12,
        *,
        basis: str = "AUDITED",
        is_dated: bool = True,
        marks: dict[str, object] | None = None,
        **lines: int,
    ) -> str:
        """File a statement, due half a year after its period, with lines in whole units."""
        end = month_end(month)
        return self.happens(
            credit_file.StatementReceived,
            **(marks or {}),
            statement_id=f"{month}/{months}",
            period_end_day=end,
            period_months=months,
            received_day=self.today,
            basis=vocabulary.STATEMENT_BASES.index(basis),
            contractual_due_day=end + 180 if is_dated else None,
            lines=statement_lines(**lines),
        )

    def statement_due(
        self,
        period_end: str,
        due: str,
        *,
        months: int = 12,
        basis: str = "UNKNOWN",
        corrects: str | None = None,
        kind: str = "",
    ) -> str:
        """Announce by when a statement must come."""
        return self.happens(
            credit_file.StatementDue,
            self.head(corrects, kind),
            due_day=day(due),
            period_end_day=day(period_end),
            period_months=months,
            basis=vocabulary.STATEMENT_BASES.index(basis),
        )

    def forecast(
        self,
        metric: str,
        amount: float,
        ends: str,
        months: int = 12,
        received: str | None = None,
    ) -> str:
        """Receive a forecast."""
        return self.happens(
            credit_file.ForecastReceived,
            metric=vocabulary.FORECAST_METRICS.index(metric),
            period_end_day=day(ends),
            period_months=months,
            forecast_minor=minor(amount),
            currency="EUR",
            received_day=self._day(received),
        )

    def guarantor(
        self, name: str = "g-1", covered: float = 10_000, until: str | None = None
    ) -> str:
        """Link a guarantor from today on."""
        return self.happens(
            credit_file.GuarantorLinked,
            guarantor_id=name,
            covered_minor=minor(covered),
            currency="EUR",
            from_day=self.today,
            until=optional_day(until),
            loan_ids=[],
        )

    def link(
        self,
        name: str = "m-1",
        kind: str = "DEPENDENCY",
        strength: float = -1,
        until: str | None = None,
    ) -> str:
        """Link another borrower whose distress affects this one."""
        return self.happens(
            credit_file.GroupLinked,
            linked_id=name,
            kind=vocabulary.LINK_KINDS.index(kind),
            strength_micro=-1 if strength < 0 else round(strength * MICRO),
            from_day=self.today,
            until=optional_day(until),
        )

    def dependant(self, name: str, kind: str = "GUARANTEE") -> str:
        """Link another borrower that depends on this one."""
        kind_code = vocabulary.LINK_KINDS.index(kind)
        return self.apply(credit_file.DependantLinked(*self.head(), name, kind_code))

    def related_state(self, name: str, state: str) -> str:
        """Receive the own state of a linked borrower."""
        code = STATE_NAMES.index(state)
        return self.apply(credit_file.RelatedStateChanged(*self.head(), name, code, self.today))

    def declares_related(self, *parties: str) -> str:
        """Declare the related parties."""
        return self.happens(credit_file.RelatedPartiesDeclared, counterparty_ids=list(parties))

    def report(
        self,
        kind: str = "ARREARS",
        days: int = -1,
        amount: float = -1,
        *,
        reporter: str = "bureau",
        on: str | None = None,
        currency: str = "EUR",
    ) -> str:
        """Report a delinquency with another lender."""
        return self.happens(
            credit_file.ExternalDelinquencyReported,
            reporter=reporter,
            kind=vocabulary.REPORT_KINDS.index(kind),
            report_day=self._day(on),
            days_past_due=days,
            amount_minor=-1 if amount < 0 else minor(amount),
            currency="" if amount < 0 else currency,
        )

    def finding(
        self,
        severity: str = "MEDIUM",
        name: str = "n-1",
        *,
        settled: bool = False,
        corrects: str | None = None,
    ) -> str:
        """Raise a finding, settle it, or amend it."""
        return self.happens(
            credit_file.FindingRaised,
            self.head(corrects, "amendment" if corrects else ""),
            finding_id=name,
            code="SITE",
            severity=vocabulary.FINDING_SEVERITIES.index(severity),
            raised_day=self.today,
            is_settled=settled,
        )

    def inspection(self, outcome: str = "SATISFACTORY", due: str | None = None) -> str:
        """Inspect today."""
        return self.happens(
            credit_file.InspectionRecorded,
            inspection_day=self.today,
            outcome=vocabulary.INSPECTION_OUTCOMES.index(outcome),
            next_due_day=optional_day(due),
        )

    def decide(
        self,
        kind: str,
        *,
        state: str | None = None,
        by: str = "officer-1",
        approvers: tuple[str, ...] = ("senior-2",),
        until: str | None = None,
        effective: str | None = None,
        name: str = "o-1",
        **fields: object,
    ) -> Assessment | None:
        """Let two people decide; return the assessment that was emitted, if any."""
        values = {
            "override_id": name,
            "kind": vocabulary.OVERRIDE_KINDS.index(kind),
            "state": NO_STATE if state is None else STATE_NAMES.index(state),
            "proposed_by": by,
            "approved_by": list(approvers),
            "effective_day": self._day(effective),
            "expires_day": None if until is None else day(until),
            **fields,
        }
        if "flag" in values:
            values["flags"] = 1 << FLAG_NAMES.index(str(values.pop("flag")))
        emitted = len(self.assessments)
        self.happens(credit_file.OverrideApproved, **values)
        return self.assessments[-1] if len(self.assessments) > emitted else None
