"""Gathers from the facts what the state machine reads.

Called by `step`. What is costly (instalments paid on time, what only an exit reads) is only formed
in a state whose exit rule requires it.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from services.scoring.domain.arrears.instalments import counting_days, due_of, tolerated
from services.scoring.domain.borrower.borrower import Borrower, Facility, Loan
from services.scoring.domain.borrower.decisions import Decisions
from services.scoring.domain.borrower.risk import CLOSED, PROBATION, RiskRecord, Signals
from services.scoring.domain.primitives import daily_values
from services.scoring.domain.regimes import life_cycle
from services.scoring.domain.rulebook.data_profile import families_without_data
from services.scoring.domain.rulebook.policy import EntryRule, ExitRule
from services.scoring.domain.rulebook.rulebook import Rules

# An inspection's outcomes in the order of their codes; the first is satisfactory.
SATISFACTORY: Final = 0
# Instalments further apart than this come twice a year or less often.
SPARSE_DAYS: Final = 100


@dataclass(slots=True)
class StateInputs:
    """Everything that the state machine reads.

    Args:
        as_of: Business date, ordinal.
        closed_before: The last business day closed before this one, 0 for none.
        is_correction: Whether the event corrected what was known.
        triggers: The triggers of default that are true now, as causes.
        exposure_minor: The exposure.
        has_loss: Whether a loan was lost, or sold at a loss or in default.
        is_settled: Whether what is past due is no reason for a default to go on.
        arrears_days: Operational days past due.
        regulatory_days: Regulatory days past due.
        past_due_minor: Everything due and unpaid.
        on_time: How many of the latest due instalments in a row were paid on time.
        decisions: What people decided and conceded.
        is_over: Every loan ended.
        was_late: An instalment that fell due in the present state was not paid on time.
        is_sparse: A loan is paid twice a year or less often.
        is_able: An inspection in the present state, or a rule that stands in for one, found the
            borrower able to pay.
        open_findings: How many findings of officers are open.
        without_data: The families of which nothing ever came.
        true_rules: At a day close, the entry rules that are true; None where they are not evaluated
            yet.
    """

    as_of: int
    risk: RiskRecord
    signals: Signals
    rules: Rules
    arrears_days: int = 0
    regulatory_days: int = 0
    past_due_minor: int = 0
    on_time: int = 0
    decisions: Decisions = field(default_factory=Decisions)
    is_over: bool = False
    was_late: bool = False
    is_sparse: bool = False
    is_able: bool = False
    open_findings: int = 0
    without_data: list[int] = field(default_factory=list)
    closed_before: int = 0
    is_correction: bool = False
    triggers: int = 0
    exposure_minor: int = 0
    is_settled: bool = True
    has_loss: bool = False
    true_rules: list[EntryRule] | None = None


def state_inputs_of(borrower: Borrower, rules: Rules, as_of: int) -> StateInputs:
    """Return what the state machine reads of the borrower as of the day."""
    counters, risk = borrower.counters, borrower.risk
    inputs = StateInputs(
        as_of=as_of,
        risk=risk,
        signals=borrower.signals,
        rules=rules,
        arrears_days=counters.arrears_days,
        regulatory_days=counters.regulatory_days,
        past_due_minor=counters.past_due_minor,
        decisions=borrower.decisions,
        is_over=all_loans_ended(borrower, as_of),
        triggers=life_cycle.triggers(borrower),
        exposure_minor=counters.exposure_minor,
    )
    if inputs.is_over or risk.state == CLOSED:
        inputs.has_loss = life_cycle.has_loss(borrower)
    if borrower.decisions.default.since:
        inputs.is_settled = life_cycle.is_settled(borrower, rules, as_of)
    for rule in rules.policy.exits:
        if rule.source == risk.state:
            _add_exit_inputs(inputs, borrower, rule)
            break
    return inputs


def _add_exit_inputs(inputs: StateInputs, borrower: Borrower, rule: ExitRule) -> None:
    """Form what the exit rule requires."""
    as_of, rules, since = inputs.as_of, inputs.rules, inputs.risk.since
    if rule.on_time:
        inputs.on_time = on_time_in_a_row(borrower, rules, as_of, rule.on_time)
    if rule.months_on_time or rule.months_on_time_sparse:
        rows = [row for loan in borrower.loans for row in _instalments(loan, rules, since, as_of)]
        inputs.was_late = not all(was_paid for _, was_paid in rows)
        inputs.is_sparse = any(_is_sparse(loan) for loan in borrower.loans)
    if rule.ability_assessed or rule.source == PROBATION:
        inputs.is_able = _is_able(borrower, rules, since, as_of)
    inputs.open_findings = len(borrower.credit_file.findings)
    inputs.without_data = families_without_data(borrower)


def _is_able(borrower: Borrower, rules: Rules, since: int, as_of: int) -> bool:
    """Return whether an inspection since a day, or the rule that stands in for one, found it so."""
    file, rule = borrower.credit_file, rules.policy.ability
    if file.inspected_day >= since and file.inspection_outcome == SATISFACTORY:
        return True
    if rules.segment not in rule.segments:
        return False
    return on_time_in_a_row(borrower, rules, as_of, rule.on_time) >= rule.on_time


def all_loans_ended(borrower: Borrower, as_of: int) -> bool:
    """Return whether there were loans and all of them ended; a line of its own goes on."""
    if not borrower.loans:
        return False
    for loan in borrower.loans:
        if loan.closed_day is None or loan.closed_day > as_of or loan.has_open_claim:
            return False
    ended = {loan.loan_id for loan in borrower.loans}
    return not any(_is_open(line) for line in borrower.facilities if line.loan_id not in ended)


def _is_open(line: Facility) -> bool:
    drawn = daily_values.at(line.drawn, daily_values.last_day(line.drawn))
    return bool(drawn or (line.limit_minor and line.limit_minor[-1]))


def on_time_in_a_row(borrower: Borrower, rules: Rules, as_of: int, most: int) -> int:
    """Return how many of the latest instalments, newest first, were paid by their due day.

    A borrower with fewer instalments than required counts those that do not exist as on time:
    a bullet loan must not stay on watch for want of due dates.
    """
    latest = _latest(borrower, rules, as_of, most)
    return most - len(latest) + _run_on_time(latest)


def paid_on_time(borrower: Borrower, rules: Rules, as_of: int, most: int) -> int:
    """Return how many of the latest instalments were in fact paid by their due day, in a row."""
    return _run_on_time(_latest(borrower, rules, as_of, most))


def _latest(borrower: Borrower, rules: Rules, as_of: int, most: int) -> list[tuple[int, bool]]:
    return sorted(
        row for loan in borrower.loans for row in _latest_instalments(loan, rules, as_of, most)
    )[-most:]


def _run_on_time(instalments: list[tuple[int, bool]]) -> int:
    paid = [was_paid for _, was_paid in reversed(instalments)]
    return paid.index(False) if False in paid else len(paid)


def _latest_instalments(loan: Loan, rules: Rules, as_of: int, most: int) -> list[tuple[int, bool]]:
    reached = sum(1 for day in counting_days(loan) if day <= as_of)
    return [_judged(loan, rules, index) for index in range(max(0, reached - most), reached)]


def _instalments(loan: Loan, rules: Rules, first: int, last: int) -> list[tuple[int, bool]]:
    return [
        _judged(loan, rules, index)
        for index, day in enumerate(counting_days(loan))
        if first <= day <= last
    ]


def _judged(loan: Loan, rules: Rules, index: int) -> tuple[int, bool]:
    """Return an instalment's due day and whether it was paid by then."""
    due_day = counting_days(loan)[index]
    received = loan.carried_minor + sum(
        amount
        for day, amount in zip(loan.paid_days, loan.paid_minor, strict=True)
        if day <= due_day
    )
    allowed = min(tolerated(loan, index, rules.tolerance), due_of(loan, index))
    return due_day, received >= loan.due_cum[index] - allowed


def _is_sparse(loan: Loan) -> bool:
    days = loan.due_days
    return any(later - earlier > SPARSE_DAYS for earlier, later in pairwise(days))
