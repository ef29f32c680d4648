"""A correction heals: an event and its reversal are as if it had never come, in every history.

The same for an amendment and the corrected event alone. Facts, figures of every indicator,
counters, score, flags and labels are compared; what was assessed and when differs, and is the
record of the correction. A-21 and announced inspections follow what was known (see
`tests.histories.happenings`).
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.contracts.registry import EVENT_TYPES
from services.scoring.adapters.state_bytes import decode, encode
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.events import accounts, credit_file, loans
from services.scoring.domain.events.event import Event
from services.scoring.domain.fold import fold
from services.scoring.domain.handlers.registry import HANDLERS
from services.scoring.domain.primitives.vocabulary import AMENDMENT_OF, REVERSAL_OF
from services.scoring.domain.regimes.labels import labels
from services.scoring.domain.rulebook.context import Context
from tests.fakes.units import iso
from tests.histories import happenings
from tests.histories.arrival import arrive, close_of
from tests.histories.happenings import Drawn, Scribe, booked, happened, histories, lived
from tests.histories.same import differences

AGE: Final = 150
Write = Callable[[Scribe, int, int], None]


def _loan(scribe: Scribe, number: int, day: int) -> None:
    scribe.loan(10_000 + number, loan_id="l-2", start_day=day)


def _schedule(scribe: Scribe, number: int, day: int) -> None:
    rows = [(iso(day + 20 + 30 * step), 500.0 + number) for step in range(3)]
    scribe.schedule(*rows, version=50, loan_id="l-2")


def _reschedule(scribe: Scribe, number: int, day: int) -> None:
    rows = [(iso(day + 20 + 30 * step), 500.0 + number) for step in range(3)]
    scribe.reschedule(*rows, version=50, loan_id="l-2", effective=iso(day))


def _draws(scribe: Scribe, number: int, day: int) -> None:
    scribe.draws(number, payee="a-1" if number % 2 else "c-4", value=iso(day))


def _ends(scribe: Scribe, number: int, day: int) -> None:
    scribe.happens(
        loans.LoanClosed,
        loan_id="l-2",
        closed_day=day,
        reason=("REPAID", "SOLD", "WRITTEN_OFF")[number % 3],
    )


def _pays(scribe: Scribe, number: int, day: int) -> None:
    scribe.pays(number, iso(day), payer_is_third_party=bool(number % 2))


def _fails(scribe: Scribe, number: int, day: int) -> None:
    scribe.happens(
        loans.RepaymentFailed,
        loan_id="l-1",
        amount_minor=number * 100,
        currency="EUR",
        value_day=day,
        failure_reason=number % 5 // 4,
    )


def _promises(scribe: Scribe, number: int, day: int) -> None:
    scribe.promises(number, by=iso(day))


def _disputes(scribe: Scribe, number: int, day: int) -> None:
    scribe.disputes(number, since=iso(day), name="d-9")


def _flow(scribe: Scribe, number: int, day: int) -> None:
    kinds = ("CUSTOMER_RECEIPT", "SALARY_IN", "RELATED_IN", "LOAN_IN_OTHER", "UNKNOWN")
    party = ("c-1", "c-77", "c-0")[number % 3]
    scribe.flow(number, kinds[number % 5], iso(day), counterparty_id=party)


def _debit(scribe: Scribe, number: int, day: int) -> None:
    kinds = ("SUPPLIER_OUT", "PAYROLL_OUT", "CASH_OUT", "TAX_OUT", "DEBT_SERVICE_OTHER")
    scribe.flow(-number, kinds[number % 5], iso(day), counterparty_id=f"c-{number % 9}")


def _balance(scribe: Scribe, number: int, day: int) -> None:
    scribe.balance(number, iso(day), account="a-9")


def _returned(scribe: Scribe, number: int, day: int) -> None:
    scribe.happens(
        accounts.AccountItemReturned,
        account_id="a-1",
        amount_minor=number * 100,
        currency="EUR",
        return_reason=number % 5 // 4,
        is_outgoing=bool(number % 2),
        value_day=day,
    )


def _blocks(scribe: Scribe, number: int, day: int) -> None:
    scribe.blocks(("SEIZURE", "LEGAL", "RELEASED")[number % 3], "a-2", on=iso(day))


def _line(scribe: Scribe, number: int, day: int) -> None:
    scribe.line(number, 1_500, "f-9", on=iso(day), interest=number % 7)


def _limit(scribe: Scribe, number: int, day: int) -> None:
    scribe.limit(number, since=iso(day))


def _files(scribe: Scribe, number: int, day: int) -> None:
    scribe.files("2023-12", revenue=1_000 * number, equity=number, total_assets=900 * number)


def _statement_due(scribe: Scribe, number: int, day: int) -> None:
    scribe.statement_due("2024-03-31", iso(day), months=3 + 3 * (number % 2))


def _forecast(scribe: Scribe, number: int, day: int) -> None:
    scribe.forecast("revenue", number, ends="2024-12-31", received=iso(day))


def _covenant(scribe: Scribe, number: int, day: int) -> None:
    scribe.covenant(number / 1_000, 1.2, tested=iso(day), name="k-9")


def _collateral(scribe: Scribe, number: int, day: int) -> None:
    scribe.collateral(number, piece="k-9", valued_day=day)


def _guarantor(scribe: Scribe, number: int, day: int) -> None:
    scribe.guarantor("g-9", number)


def _link(scribe: Scribe, number: int, day: int) -> None:
    scribe.link("m-9", "DEPENDENCY", number / 2_000)


def _related(scribe: Scribe, number: int, day: int) -> None:
    scribe.declares_related(f"c-{number % 6}")


def _report(scribe: Scribe, number: int, day: int) -> None:
    kind = ("ARREARS", "COURT", "DEFAULT")[number % 3]
    scribe.report(kind, number % 120, number, reporter="other", on=iso(day))


def _finding(scribe: Scribe, number: int, day: int) -> None:
    scribe.happens(
        credit_file.FindingRaised,
        finding_id="n-9",
        code="SITE",
        severity=1 + number % 3,
        raised_day=day,
        is_settled=False,
    )


def _inspection(scribe: Scribe, number: int, day: int) -> None:
    scribe.happens(
        credit_file.InspectionRecorded,
        inspection_day=day,
        outcome=(0, 2, 3)[number % 3],
        next_due_day=0,
    )


def _profile(scribe: Scribe, number: int, day: int) -> None:
    scribe.happens(
        credit_file.BorrowerRegistered,
        segment=1,
        reporting_currency="EUR",
        industry_code="94.1",
        account_ids=["a-1", "a-2"],
        origination_pd_micro=number,
    )


WRITES: Final[dict[str, Write]] = {
    "borrower.registered.v1": _profile,
    "loan.booked.v1": _loan,
    "schedule.published.v1": _schedule,
    "schedule.changed.v1": _reschedule,
    "loan.disbursed.v1": _draws,
    "loan.closed.v1": _ends,
    "repayment.posted.v1": _pays,
    "repayment.failed.v1": _fails,
    "promise.made.v1": _promises,
    "claim.disputed.v1": _disputes,
    "account.transacted.v1": _flow,
    "account.balance-closed.v1": _balance,
    "account.item-returned.v1": _returned,
    "account.blocked.v1": _blocks,
    "facility.balance-closed.v1": _line,
    "limit.changed.v1": _limit,
    "statement.received.v1": _files,
    "statement.due.v1": _statement_due,
    "forecast.received.v1": _forecast,
    "covenant.certified.v1": _covenant,
    "collateral.valued.v1": _collateral,
    "guarantor.linked.v1": _guarantor,
    "group.linked.v1": _link,
    "related-parties.declared.v1": _related,
    "external-delinquency.reported.v1": _report,
    "finding.raised.v1": _finding,
    "inspection.recorded.v1": _inspection,
}
# Scoring and alerts write them, and correct none; the fold takes no correction of them.
WRITTEN_BY_US: Final = {"dependant.linked.v1", "related-state.changed.v1", "override.approved.v1"}
REVERSED: Final = [
    name
    for name in WRITES
    if "reversal" in EVENT_TYPES[name].corrections or name == "repayment.posted.v1"
]
# Flows are traced and classed as they come: after the drawdowns, and by the parties, known then.
AT_ONCE: Final = {"loan.disbursed.v1", "related-parties.declared.v1"}
# What is reported of a day, as one figure of it: an amendment is about the same day.
OF_A_DAY: Final = {"account.balance-closed.v1", "facility.balance-closed.v1", "limit.changed.v1"}


# The record of corrections that came before what they correct, or that nothing was stored of.
RECORD: Final = "reversed_keys"
# What a mistake leaves behind though it was corrected (docs/reference/sending-events.md): labels
# that were held, or were not entered, while a loan seemed to have ended or its dues to be others.
LEFT_BEHIND: Final = dict.fromkeys(
    ("loan.closed.v1", "schedule.published.v1", "schedule.changed.v1"), ("labels",)
)
AMENDED: Final = [name for name in WRITES if "amendment" in EVENT_TYPES[name].corrections]


@dataclass
class Drawing:
    """A history with room for a mistake and its correction."""

    log: list[Event]
    scribe: Scribe
    wrong_at: int
    right_at: int

    def day_at(self, position: int) -> int:
        """Return the day on which something at a position is booked."""
        return max([self.scribe.today, *(event.day for event in self.log[:position])])


def _drawing(drawn: list[Drawn], chance: Random) -> Drawing:
    story = lived(AGE)
    things = happened(drawn, story, 1)
    log = arrive(things, story.today, 1, Random(chance.random())).orderly
    first, second = sorted(chance.randint(0, len(log)) for _ in range(2))
    scribe = Scribe(story)
    scribe._count = 900_000
    return Drawing(log, scribe, first, second)


def _event(drawing: Drawing, name: str, position: int, number: int, back: int) -> Event:
    """Return an event of a type, booked at a position of the log."""
    scribe = drawing.scribe
    day = drawing.day_at(position)
    first, scribe.today, scribe.log = scribe.today, day, []
    WRITES[name](scribe, number, day - back)
    scribe.today = first
    (event,) = scribe.log
    return event


def _reversal(drawing: Drawing, wrong: Event, position: int) -> Event:
    day = drawing.day_at(position)
    if isinstance(wrong, loans.RepaymentPosted):
        return loans.RepaymentReversed(
            wrong.source,
            f"{wrong.id}-back",
            wrong.borrower_id,
            wrong.at_us,
            day,
            wrong.id,
            REVERSAL_OF,
            loan_id=wrong.loan_id,
            paid_minor=wrong.paid_minor,
            currency=wrong.currency,
            value_day=day,
        )
    back = replace(wrong, id=f"{wrong.id}-back", corrects_id=wrong.id, correction_kind=REVERSAL_OF)
    return booked(back, day)


@cache
def rules() -> Context:
    """Return the rules of the histories, with bases that stay while a signal is lit."""
    written = happenings.rules().rulebook
    return Context(replace(written, baseline_months=12, score_days=45, resolved={}))


def _folded(log: list[Event]) -> Borrower:
    borrower, in_force = decode(_base()), rules()
    last = max(event.day for event in log)
    for event in deepcopy([*log, close_of(last + 1)]):
        borrower = fold(borrower, event, in_force).borrower
    return borrower


def _base() -> bytes:
    return encode(lived(AGE).borrower)


def _unlike(name: str, mine: Borrower, others: Borrower) -> list[str]:
    """Return what differs, flags and labels included."""
    differing = _all_differences(mine, others)
    known = (RECORD, *LEFT_BEHIND.get(name, ()))
    return [line for line in differing if not any(part in line.split(":")[0] for part in known)]


def _all_differences(mine: Borrower, others: Borrower) -> list[str]:
    differing = differences(mine, others)
    if mine.risk.flags != others.risk.flags:
        differing.append(f"flags: {mine.risk.flags}, {others.risk.flags}")
    in_force, day = rules(), mine.counters.closed_day
    shown = [labels(each, in_force.rules_for(each), day) for each in (mine, others)]
    if shown[0] != shown[1]:
        differing.append(f"labels: {shown[0]}, {shown[1]}")
    return differing


def test_every_type_of_event_is_written() -> None:
    kinds = {handler.type_name for handler in HANDLERS.values()}
    from_sources = {
        name
        for name, row in EVENT_TYPES.items()
        if name in kinds and not row.to_every_partition and not row.must_correct
    }
    assert set(WRITES) | WRITTEN_BY_US == from_sources


numbers = st.integers(1, 2_000)
backs = st.sampled_from((0, 0, 1, 3, 10, 30))
# Without shrinking: an example is small, and each costs two folds.
some_histories = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
)


@pytest.mark.parametrize("name", REVERSED)
@some_histories
@given(histories, numbers, backs, st.integers(0, 2**32 - 1))
def test_an_event_and_its_reversal_never_happened(
    name: str, drawn: list[Drawn], number: int, back: int, seed: int
) -> None:
    drawing = _drawing(drawn, Random(seed))
    wrong = _event(drawing, name, drawing.wrong_at, number, back)
    reversal = _reversal(drawing, wrong, drawing.right_at)
    first, second, log = drawing.wrong_at, drawing.right_at, drawing.log
    mistaken = [*log[:first], wrong, *log[first:second], reversal, *log[second:]]
    assert _unlike(name, _folded(log), _folded(mistaken)) == []


@pytest.mark.parametrize("name", REVERSED)
@some_histories
@given(histories, numbers, backs, st.integers(0, 2**32 - 1))
def test_a_reversal_waits_for_its_event(
    name: str, drawn: list[Drawn], number: int, back: int, seed: int
) -> None:
    drawing = _drawing(drawn, Random(seed))
    wrong = _event(drawing, name, drawing.wrong_at, number, back)
    reversal = _reversal(drawing, wrong, drawing.wrong_at)
    wrong = booked(wrong, drawing.day_at(drawing.right_at))
    first, second, log = drawing.wrong_at, drawing.right_at, drawing.log
    mistaken = [*log[:first], reversal, *log[first:second], wrong, *log[second:]]
    assert _unlike(name, _folded(log), _folded(mistaken)) == []


@pytest.mark.parametrize("name", REVERSED)
@some_histories
@given(histories, numbers, backs, st.integers(0, 2**32 - 1))
def test_a_second_reversal_changes_nothing(
    name: str, drawn: list[Drawn], number: int, back: int, seed: int
) -> None:
    drawing = _drawing(drawn, Random(seed))
    wrong = _event(drawing, name, drawing.wrong_at, number, back)
    reversal = _reversal(drawing, wrong, drawing.right_at)
    again = replace(reversal, id=f"{reversal.id}-again")
    first, second, log = drawing.wrong_at, drawing.right_at, drawing.log
    mistaken = [*log[:first], wrong, *log[first:second], reversal, again, *log[second:]]
    assert _unlike(name, _folded(log), _folded(mistaken)) == []


@pytest.mark.parametrize("name", AMENDED)
@some_histories
@given(histories, numbers, numbers, backs, backs, st.integers(0, 2**32 - 1))
def test_an_amendment_is_the_corrected_event_alone(
    name: str,
    drawn: list[Drawn],
    number: int,
    other: int,
    back: int,
    other_back: int,
    seed: int,
) -> None:
    drawing = _drawing(drawn, Random(seed))
    if name in AT_ONCE:
        drawing.wrong_at = drawing.right_at
    wrong = _event(drawing, name, drawing.wrong_at, number, back)
    if name in OF_A_DAY:
        other_back = back + drawing.day_at(drawing.right_at) - wrong.day
    right = _event(drawing, name, drawing.right_at, other, other_back)
    amendment = replace(right, corrects_id=wrong.id, correction_kind=AMENDMENT_OF)
    first, second, log = drawing.wrong_at, drawing.right_at, drawing.log
    alone = [*log[:second], right, *log[second:]]
    mistaken = [*log[:first], wrong, *log[first:second], amendment, *log[second:]]
    assert _unlike(name, _folded(alone), _folded(mistaken)) == []
