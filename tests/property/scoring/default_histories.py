"""Random lives of a borrower in trouble, and what must be true of default after every event.

A life is a list of drawn steps; `faults_of` plays it and returns what must not be. Which label may
get better by which event is decided here from the events alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from hypothesis import strategies as st

from services.scoring.domain.arrears.exposure import is_material, total_past_due
from services.scoring.domain.borrower.risk import CLOSED, DEFAULT, PROBATION, STATE_NAMES
from services.scoring.domain.events import accounts, control, credit_file, loans
from services.scoring.domain.events.event import Event
from services.scoring.domain.primitives import vocabulary
from services.scoring.domain.primitives.measurement import MICRO
from services.scoring.domain.primitives.vocabulary import NO_CORRECTION
from services.scoring.domain.regimes import china, labels
from tests.fakes.story import Story
from tests.fakes.units import iso, minor

INSTALMENT: Final = 500
KINDS: Final = 28
Step = tuple[int, int]
steps = st.tuples(st.integers(0, KINDS - 1), st.integers(0, 999))
lives = st.lists(steps, min_size=4, max_size=24)

STAGES: Final = ("STAGE_1", "STAGE_2", "STAGE_3")
INDIAN: Final = ("STANDARD", "SMA-0", "SMA-1", "SMA-2", "NPA")
# How bad each label is.
Ranks = dict[str, int]
CASH: Final = tuple(map(vocabulary.REPAYMENT_CHANNELS.index, ("DEBIT", "TRANSFER", "CASH")))
OTHERS: Final = tuple(
    map(vocabulary.REPAYMENT_CHANNELS.index, ("SETOFF", "COLLATERAL", "GUARANTOR"))
)


class TroubledLife(Story):
    """A borrower with two loans and a line, and checks after each event."""

    def __init__(self, segment: str, rulebook: str) -> None:
        """Begin two months before the first step, everything paid."""
        self.faults: list[str] = []
        self.before: Ranks = {}
        self.evidence = Evidence()
        self.names = ["l-1", "l-2"]
        self.versions = {"l-1": 1, "l-2": 1}
        self.payments: list[tuple[str, int]] = []
        self.mistakes: list[tuple[str, str]] = []
        self.lines = {"f-1": (1_000, 2_000)}
        super().__init__(segment, start="2024-01-01", rulebook=rulebook)
        self.loan(12_000)
        self.schedule(*self.dues(24))
        self.loan(6_000, loan_id="l-2")
        self.schedule(*self.dues(8, every=91), loan_id="l-2")
        self.line(1_000, 2_000)

    def dues(self, count: int, *, every: int = 30, after: int = 20) -> list[tuple[str, float]]:
        """Return instalments from a number of days after today on."""
        return [(iso(self.today + after + every * step), INSTALMENT) for step in range(count)]

    def apply(self, event: Event) -> str:
        """Fold an event, and check what it did to the labels."""
        owed, before = total_past_due(self.borrower, self.today), self.before
        drawn = dict(self.lines)
        super().apply(event)
        self.before = ranks_of(self)
        self.faults += [f"{type(event).__name__}: {text}" for text in contradictions(self)]
        self.evidence.note(self, event, owed, drawn)
        if before and not self.evidence.allows(event):
            for name in better(before, self.before):
                if not self.may_be_better(name, event, before):
                    text = f"{type(event).__name__} made {name} better"
                    self.faults.append(f"{iso(self.today)} {text}: {before} to {self.before}")
        return event.id

    def may_be_better(self, name: str, event: Event, before: Ranks) -> bool:
        """Return whether one label may be better after the event, which proves nothing by itself.

        Money of others pays arrears, but not those of a label that is non-performing.
        """
        if name == "state":
            return self.begins_probation(event)
        if name == "china" and isinstance(event, loans.LoanClosed):
            return before[name] == china.LOSS and "WRITTEN_OFF" not in self.flags
        if isinstance(event, loans.RepaymentPosted) and event.channel in OTHERS:
            return before[name] < {"ifrs9": 2, "rbi": 4, "china": 2}.get(name, 0)
        return False

    def begins_probation(self, event: Event) -> bool:
        """Return whether a close begins the clock of a cure, nothing material being owed."""
        if not isinstance(event, control.DayClosed) or self.state != "PROBATION":
            return False
        rules = self.timeline.context.rules_for(self.borrower)
        owes = is_material(self.borrower, event.closed_day, rules, with_disputed=True)
        return not owes and not self.evidence.unproven_minor


@dataclass
class Evidence:
    """What has come that may make a label better, since arrears were last extinguished without it.

    ``unproven_minor`` is what was extinguished without cash less the cash since.
    """

    has_ground: bool = False
    unproven_minor: int = 0
    is_money: bool = False
    seen: set[str] = field(default_factory=set)

    def note(
        self,
        life: TroubledLife,
        event: Event,
        owed: int,
        lines: dict[str, tuple[int, int]],
    ) -> None:
        """Take in an event."""
        self.is_money = is_money(event) or pays_line_back(event, lines)
        if self.is_money or is_decided(event):
            self.has_ground = True
        elif is_without_cash(event):
            extinguished = owed - total_past_due(life.borrower, life.today)
            self.has_ground &= extinguished <= 0
            self.unproven_minor += max(0, extinguished)
        if closes_a_claim(life, event):
            self.has_ground = True
        if isinstance(event, loans.RepaymentPosted) and self.is_money:
            self.unproven_minor = max(0, self.unproven_minor - event.paid_minor)

    def allows(self, event: Event) -> bool:
        """Return whether any label may be better after the event."""
        if self.is_money or is_decided(event):
            return True
        return isinstance(event, control.DayClosed) and self.has_ground


def is_money(event: Event) -> bool:
    """Return whether the borrower's own money came."""
    return isinstance(event, loans.RepaymentPosted) and event.channel in CASH


def pays_line_back(event: Event, lines: dict[str, tuple[int, int]]) -> bool:
    """Return whether a line is drawn less than before, at a limit that is not raised."""
    if not isinstance(event, accounts.FacilityBalanceClosed):
        return False
    drawn, limit = lines.get(event.facility_id, (0, 0))
    return event.drawn_minor < minor(drawn) and event.limit_minor <= minor(limit)


def is_decided(event: Event) -> bool:
    """Return whether people, a court, a bureau or a correction of evidence made the event."""
    if event.correction_kind != NO_CORRECTION:
        return True
    if isinstance(event, loans.ClaimDisputed):
        return event.status == vocabulary.DISPUTE_STATUSES.index("UPHELD")
    if isinstance(event, loans.ScheduleChanged):
        return event.change_reason == "STATUTORY"
    kinds = credit_file.OverrideApproved | credit_file.ExternalDelinquencyReported
    return isinstance(event, kinds)


def closes_a_claim(life: TroubledLife, event: Event) -> bool:
    """Return whether the claim that was left of a written-off loan ended."""
    if not isinstance(event, loans.LoanClosed):
        return False
    ended = life.borrower.loan(event.loan_id, "EUR")
    return len(ended.ends) > 1 and not ended.has_open_claim


def is_without_cash(event: Event) -> bool:
    """Return whether the event may extinguish arrears without the borrower's money."""
    kinds = (
        loans.ScheduleChanged
        | loans.SchedulePublished
        | loans.LoanClosed
        | loans.RepaymentPosted
        | accounts.LimitChanged
        | accounts.FacilityBalanceClosed
    )
    return isinstance(event, kinds) and not is_money(event) and not is_decided(event)


def ranks_of(life: TroubledLife) -> Ranks:
    """Return how bad each label is; nothing once all loans ended."""
    state = life.borrower.risk.state
    if state == CLOSED:
        return {}
    day = max(life.today, life.borrower.counters.closed_day)
    shown = labels.labels(life.borrower, life.timeline.context.rules_for(life.borrower), day)
    return {
        "state": state if state >= PROBATION else 0,
        "eu_default": int(shown["eu_default"]),
        "npe": int(shown["npe"]),
        "ifrs9": STAGES.index(str(shown["ifrs9"])),
        "rbi": INDIAN.index(str(shown["rbi"])),
        "china": china.TIERS.index(str(shown["china"])),
    }


def better(before: Ranks, after: Ranks) -> list[str]:
    """Return the labels that are better than before."""
    return [name for name, rank in after.items() if rank < before[name]]


def contradictions(life: TroubledLife) -> list[str]:
    """Return what state and labels contradict each other in."""
    state, ranks = life.borrower.risk.state, life.before
    if not ranks:
        return []
    is_bad = bool(ranks["eu_default"] or ranks["npe"])
    rules = [
        (state == DEFAULT and ranks["ifrs9"] < 2, "DEFAULT without stage 3"),
        (state == DEFAULT and ranks["china"] < 2, "DEFAULT better than substandard"),
        (state == DEFAULT and not is_bad, "DEFAULT without eu_default or npe"),
        (is_bad and ranks["ifrs9"] < 2, "non-performing without stage 3"),
        (is_bad and state not in (PROBATION, DEFAULT), f"non-performing {STATE_NAMES[state]}"),
        (ranks["eu_default"] > ranks["npe"], "eu_default without npe"),
    ]
    return [f"{iso(life.today)} {text}" for is_wrong, text in rules if is_wrong]


# What may happen.


def _passes(life: TroubledLife, number: int) -> None:
    for _ in range((1, 5, 20, 31, 45, 95, 125)[number % 7]):
        life.close()


def _pays(life: TroubledLife, number: int) -> None:
    channel = CASH[number % 3]
    _post(life, number, channel)


def _is_paid_for(life: TroubledLife, number: int) -> None:
    names = ("SETOFF", "COLLATERAL", "REFINANCE", "GUARANTOR")
    _post(life, number, vocabulary.REPAYMENT_CHANNELS.index(names[number % 4]))


def _post(life: TroubledLife, number: int, channel: int) -> None:
    name = life.names[number % len(life.names)]
    arrears = total_past_due(life.borrower, life.today) / 100
    amount = (INSTALMENT, arrears, INSTALMENT / 2, arrears * 3)[number // 7 % 4] or INSTALMENT
    amount = round(amount, 2)
    life.payments.append((life.pays(amount, loan_id=name, channel=channel), minor(amount)))


def _takes_back(life: TroubledLife, number: int) -> None:
    if life.payments:
        event_id, paid = life.payments.pop(number % len(life.payments))
        life.reverses(event_id, paid / 100)


def _reschedules(life: TroubledLife, number: int) -> None:
    name = life.names[number % len(life.names)]
    reasons = ("COMMERCIAL", "CONTRACTUAL_OPTION", "ERROR", "CONCESSION", "CONCESSION")
    life.versions[name] = life.versions.get(name, 0) + 1
    kinds = ("EXTENSION", "MORATORIUM", "WRITE_OFF")
    life.reschedule(
        *life.dues(12, after=number % 100),
        version=life.versions[name],
        reason=reasons[number // 3 % 5],
        kind=kinds[number // 5 % 3],
        loss=(None, 0.005, 0.02)[number // 11 % 3],
        loan_id=name,
    )


def _republishes(life: TroubledLife, number: int) -> None:
    name = life.names[number % len(life.names)]
    life.versions[name] = life.versions.get(name, 0) + 1
    rows = life.dues(10, after=number % 60)
    life.schedule(*rows, version=life.versions[name], loan_id=name)


def _ends(life: TroubledLife, number: int) -> None:
    reasons = ("REFINANCED", "SOLD", "WRITTEN_OFF", "CANCELLED")
    claim, price = ((None, None), (1_000, 990), (1_000, 900), (0, None))[number // 3 % 4]
    life.ends(
        reasons[number % 4],
        loan_id=life.names[number // 5 % len(life.names)],
        claim_micro=None if claim is None else claim * MICRO,
        price_micro=None if price is None else price * MICRO,
    )


def _borrows(life: TroubledLife, number: int) -> None:
    name = f"l-{len(life.names) + 1}"
    life.names.append(name)
    life.versions[name] = 1
    life.loan((3_000, 50_000, 1_000_000)[number % 3], loan_id=name)
    life.schedule(*life.dues(10), loan_id=name)


def _draws(life: TroubledLife, number: int) -> None:
    life.mistakes.append((life.draws((500, 5_000, 100_000)[number % 3]), ""))


def _receives_own_loan(life: TroubledLife, number: int) -> None:
    life.flow((500, 5_000, 100_000)[number % 3], "LOAN_IN_OWN")


def _ends_in_the_past(life: TroubledLife, number: int) -> None:
    name = life.names[number // 5 % len(life.names)]
    reason = ("REFINANCED", "SOLD", "WRITTEN_OFF", "CANCELLED", "REPAID")[number % 5]
    day = life.today - (1, 10, 60)[number // 7 % 3]
    life.mistakes.append((life.ends(reason, loan_id=name, closed_day=day), name))


def _raises_limit_for_the_past(life: TroubledLife, number: int) -> None:
    limit = (2_000, 3_000, 5_000)[number % 3]
    life.limit(limit, since=iso(life.today - (1, 10, 60)[number // 3 % 3]))
    life.lines["f-1"] = (life.lines["f-1"][0], limit)


def _takes_a_mistake_back(life: TroubledLife, number: int) -> None:
    """Take a draw, or the end of a loan, back."""
    if not life.mistakes:
        return
    event_id, name = life.mistakes.pop(number % len(life.mistakes))
    if name:
        life.ends(loan_id=name, kind="reversal", corrects=event_id)
    else:
        life.draws(500, takes_back=event_id)


def _uses_line(life: TroubledLife, number: int) -> None:
    drawn = (500, 1_500, 2_500, 4_000)[number % 4]
    _, limit = life.lines["f-1"]
    life.line(drawn, limit)
    life.lines["f-1"] = (drawn, limit)


def _moves_limit(life: TroubledLife, number: int) -> None:
    drawn, _ = life.lines["f-1"]
    limit = (1_000, 2_000, 3_000, 5_000)[number % 4]
    if number // 4 % 2:
        life.limit(limit)
    else:
        life.line(drawn, limit)
    life.lines["f-1"] = (drawn, limit)


def _disputes(life: TroubledLife, number: int) -> None:
    status = ("OPEN", "OPEN", "UPHELD", "REJECTED", "WITHDRAWN")[number % 5]
    life.disputes((300, 1_000, 50_000)[number // 5 % 3], status=status, name=f"d-{number % 2}")


def _decides(life: TroubledLife, number: int) -> None:
    until = (None, iso(life.today + 30), iso(life.today + 100))[number // 7 % 3]
    name = f"o-{number % 5}"
    match number % 5:
        case 0:
            life.decide("UTP", trigger="OTHER", until=until, name=name)
        case 1:
            life.decide("LIFT_UTP", name=name)
        case 2:
            state = ("WATCH", "HIGH_RISK")[number // 5 % 2]
            life.decide("TIGHTEN", state=state, until=until or iso(life.today + 60), name=name)
        case 3:
            life.decide("RELAX", state="WATCH", until=iso(life.today + 40), name=name)
        case _:
            life.decide("TECHNICAL_DEFAULT", until=iso(life.today + 40), name=name)


def _reports(life: TroubledLife, number: int) -> None:
    life.report(("INSOLVENCY", "CLEARED", "ARREARS")[number % 3], number % 120, number)


def _inspects(life: TroubledLife, number: int) -> None:
    life.inspection(("SATISFACTORY", "SATISFACTORY", "CONCERNS")[number % 3])


def _is_registered_again(life: TroubledLife, number: int) -> None:
    life.happens(
        credit_file.BorrowerRegistered,
        segment=number % len(vocabulary.SEGMENTS),
        reporting_currency="EUR",
        industry_code="",
        account_ids=[],
    )


def _pays_on(life: TroubledLife, number: int) -> None:
    """Pay what is open every day for some months."""
    for _ in range((40, 100, 200, 400)[number % 4]):
        for loan in life.borrower.loans:
            owed = sum(
                due for day, due in _rows(loan.due_days, loan.due_cum) if day <= life.today
            ) - (loan.carried_minor + sum(loan.paid_minor))
            if owed > 0 and loan.closed_day is None:
                event_id = life.pays(owed / 100, loan_id=loan.loan_id, channel=CASH[1])
                life.payments.append((event_id, owed))
        life.close()


def _rows(due_days: list[int], due_cum: list[int]) -> list[tuple[int, int]]:
    amounts = [total - (due_cum[index - 1] if index else 0) for index, total in enumerate(due_cum)]
    return list(zip(due_days, amounts, strict=True))


Act = Callable[[TroubledLife, int], None]
ACTS: Final[tuple[Act, ...]] = (
    *(_passes,) * 6,
    _pays,
    _pays,
    _is_paid_for,
    _takes_back,
    _reschedules,
    _reschedules,
    _republishes,
    _ends,
    _borrows,
    _draws,
    _receives_own_loan,
    _ends_in_the_past,
    _raises_limit_for_the_past,
    _takes_a_mistake_back,
    _uses_line,
    _moves_limit,
    _disputes,
    _decides,
    _reports,
    _inspects,
    _is_registered_again,
    _pays_on,
)


def faults_of(
    life_steps: list[Step],
    segment: str = "SME",
    rulebook: str = "reference",
) -> list[str]:
    """Play a life; return what must not be, with the steps that led there."""
    assert len(ACTS) == KINDS
    life = TroubledLife(segment, rulebook)
    for kind, number in life_steps:
        ACTS[kind](life, number)
        if life.faults:
            return [f"{ACTS[kind].__name__}({number})", *life.faults]
    return []
