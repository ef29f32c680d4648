"""A borrower's life with decisions of people, concessions and loans that end; see `story`."""

from decimal import Decimal

from services.scoring.domain.assess.assessment import Assessment
from services.scoring.domain.borrower.decisions import NO_STATE
from services.scoring.domain.borrower.risk import FLAG_NAMES, STATE_NAMES
from services.scoring.domain.events import control, credit_file, loans
from services.scoring.domain.events.event import EVERYBODY, Event
from services.scoring.domain.fold import fold
from services.scoring.domain.primitives import vocabulary
from services.scoring.domain.primitives.money import SCALE
from services.scoring.domain.rulebook.rulebook import Rulebook
from services.scoring.domain.rulebook.timeline import Timeline
from tests.fakes.file_story import FileStory
from tests.fakes.story import context, day, minor


def _none_at_hand(activation: control.RulebookActivated) -> Rulebook:
    raise LookupError(activation.name)


class DecisionStory(FileStory):
    """Adds what two people decide, disputes, calendars and exchange rates."""

    timeline: Timeline | None = None

    def tell(self, event: Event) -> str:
        """Fold an event along the partition's timeline; return its id."""
        if self.timeline is None:
            self.timeline = Timeline(context(self.rulebook), _none_at_hand)
        self.log.append(event)
        if event.borrower_id == EVERYBODY or isinstance(event, control.DayClosed):
            self.timeline.apply_control_event(event)
            if not isinstance(event, control.DayClosed):
                return event.id
        outcome = fold(self.borrower, event, self.timeline.context)
        self.borrower = outcome.borrower
        if outcome.assessment is not None:
            self.assessments.append(outcome.assessment)
        return event.id

    def control(self) -> tuple[str, str, str, int, int, str | None, int]:
        """Return the head of the next event for everybody."""
        source, event_id, _, *rest = self.head()
        return source, event_id, EVERYBODY, *rest  # type: ignore[return-value]

    def calendar(self, *holidays: str, name: str = "DE", since: str = "2024-01-01") -> str:
        """Publish the holidays of a year from the date on."""
        first = day(since)
        days = [day(one) for one in holidays]
        return self.tell(control.CalendarPublished(*self.control(), name, first, first + 366, days))

    def rate(self, currency: str, rate: str, on: str | None = None, base: str = "EUR") -> str:
        """Publish what one unit of a currency is worth in the base."""
        value = int(Decimal(rate) * SCALE)
        rate_day = self.today if on is None else day(on)
        return self.tell(control.FxPublished(*self.control(), rate_day, base, [currency], [value]))

    def disputes(
        self,
        amount: float,
        *,
        status: str = "OPEN",
        since: str | None = None,
        due: str | None = None,
        name: str = "d-1",
    ) -> str:
        """Open a dispute today or since a date, or settle it today."""
        code = vocabulary.DISPUTE_STATUSES.index(status)
        return self.tell(
            loans.ClaimDisputed(
                *self.head(),
                dispute_id=name,
                loan_id="l-1",
                disputed_minor=minor(amount),
                currency="EUR",
                due_day=0 if due is None else day(due),
                raised_day=self.today if since is None else day(since),
                status=code,
                settled_day=self.today if code else 0,
            )
        )

    def pays_flagged(self, amount: float, value: str | None = None, **flags: object) -> str:
        """Post a repayment with flags or terms of its own."""
        values: dict[str, object] = {
            "loan_id": "l-1",
            "paid_minor": minor(amount),
            "currency": "EUR",
            "value_day": self.today if value is None else day(value),
            "channel": 0,
            "payer_account_id": None,
            "payer_is_third_party": False,
            "outstanding_principal_minor": None,
            "accrued_interest_minor": None,
            "technical_flag": False,
            "dispute_flag": False,
        }
        return self.tell(loans.RepaymentPosted(*self.head(), **{**values, **flags}))  # type: ignore[arg-type]

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
        """Let two people decide; return what was said about it."""
        values: dict[str, object] = {
            "override_id": name,
            "kind": vocabulary.OVERRIDE_KINDS.index(kind),
            "state": NO_STATE if state is None else STATE_NAMES.index(state),
            "reason": "as agreed in the credit committee",
            "proposed_by": by,
            "approved_by": list(approvers),
            "effective_day": self.today if effective is None else day(effective),
            "expires_day": None if until is None else day(until),
            "loan_id": "",
            "points_micro": 0,
            "flags": 0,
            "trigger": "",
        }
        if "flag" in fields:
            fields["flags"] = 1 << FLAG_NAMES.index(str(fields.pop("flag")))
        said = len(self.assessments)
        self.tell(credit_file.OverrideApproved(*self.head(), **{**values, **fields}))  # type: ignore[arg-type]
        return self.assessments[-1] if len(self.assessments) > said else None

    def ends(self, reason: str = "REPAID", loan_id: str = "l-1", kind: str = "") -> str:
        """End a loan today, or take its end back."""
        head = self.head("e-0", kind) if kind else self.head()
        return self.tell(
            loans.LoanClosed(*head, loan_id=loan_id, closed_day=self.today, reason=reason)
        )

    def concede(
        self,
        *rows: tuple[str, float],
        version: int,
        kind: str = "EXTENSION",
        loss: float | None = None,
        reason: str = "CONCESSION",
        loan_id: str = "l-1",
        effective: str | None = None,
    ) -> str:
        """Change the schedule today, by a concession unless another reason is given."""
        return self.tell(
            loans.ScheduleChanged(
                *self.head(),
                loan_id=loan_id,
                schedule_version=version,
                currency="EUR",
                due_days=[day(row[0]) for row in rows],
                due_principal_minor=[minor(row[1]) for row in rows],
                due_interest_minor=[0 for _ in rows],
                due_fees_minor=[0 for _ in rows],
                effective_day=self.today if effective is None else day(effective),
                change_reason=reason,
                concession_kind=kind,
                npv_loss_micro=None if loss is None else round(loss * 1_000_000),
            )
        )

    @property
    def state(self) -> str:
        """Return the state's name."""
        return STATE_NAMES[self.borrower.risk.state]

    @property
    def flags(self) -> set[str]:
        """Return the names of the flags that are set."""
        mask = self.borrower.risk.flags
        return {name for bit, name in enumerate(FLAG_NAMES) if mask >> bit & 1}

    @property
    def days(self) -> tuple[int, int, int]:
        """Return days late, days in arrears and regulatory days."""
        counters = self.borrower.counters
        return counters.late_days, counters.operational_days, counters.regulatory_days

    @property
    def told(self) -> Assessment:
        """Return the newest assessment."""
        return self.assessments[-1]
