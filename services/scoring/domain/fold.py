"""Folds one event into one borrower: the only place where a borrower's state changes.

Called by the scoring shell for every event of the log in order, by `tocsin score` and by `tocsin
verify`. It applies the event to the facts, collects which kinds of fact that touched, and lets
`assess` judge exactly the indicators that read them.

Must stay true: no clock, no I/O, no randomness, no order of hashing. The borrower passed in is
changed in place and belongs to the fold from then on. Nothing relaxes or falls due except through
an event's own day or a day close.
"""

from dataclasses import dataclass, field
from typing import Final

from services.scoring.domain.arrears import counters
from services.scoring.domain.assess import contagion, effects
from services.scoring.domain.assess.assessment import Assessment, Cause
from services.scoring.domain.assess.effects import Effect
from services.scoring.domain.assess.step import Trigger, correct, reassess, step
from services.scoring.domain.borrower import work
from services.scoring.domain.borrower.borrower import (
    ALL_PARTS,
    Borrower,
)
from services.scoring.domain.borrower.risk import FORBORNE
from services.scoring.domain.events.accounts import FacilityBalanceClosed, LimitChanged
from services.scoring.domain.events.control import DayClosed, DayCloseWithdrawn
from services.scoring.domain.events.credit_file import GroupLinked, GuarantorLinked
from services.scoring.domain.events.event import Event
from services.scoring.domain.events.loans import (
    ClaimDisputed,
    LoanClosed,
    ScheduleChanged,
    SchedulePublished,
)
from services.scoring.domain.handlers import day_close, overrides
from services.scoring.domain.handlers.credit_file import JOINT_FLAGS, set_joint_flags
from services.scoring.domain.handlers.loans import UPHELD
from services.scoring.domain.handlers.registry import apply_event, type_name
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.vocabulary import NO_CORRECTION
from services.scoring.domain.regimes import life_cycle
from services.scoring.domain.rulebook import calendars
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.data_profile import data_profile_of
from services.scoring.domain.rulebook.rulebook import Rules
from services.scoring.domain.views import statements

MOVES_COUNTERS: Final = touched.LOANS | touched.PAYMENTS | touched.FACILITIES | touched.PAST
# What adds rows for good. Flows and balances do not: they are summed by day. Of an account that was
# not known before, any event adds one.
GROWS: Final = (
    touched.LOANS
    | touched.PAYMENTS
    | touched.FACILITIES
    | touched.STATEMENTS
    | touched.COLLATERAL
    | touched.LINKS
    | touched.COVENANTS
    | touched.EXTERNAL
    | touched.DECISIONS
    | touched.PROMISES
    | touched.PROCEEDS
    | touched.DEPENDANTS
)
MOVES_FLAGS: Final = touched.EXTERNAL | touched.INSPECTIONS | touched.DECISIONS
LINKED: Final = (GuarantorLinked, GroupLinked)


@dataclass(slots=True)
class Outcome:
    """The borrower after the event, the assessment if there is news, and the events to send."""

    borrower: Borrower
    assessment: Assessment | None = None
    effects: list[Effect] = field(default_factory=list)


def new_borrower(borrower_id: str) -> Borrower:
    """Return a borrower of whom nothing is known."""
    return Borrower(borrower_id)


def fold(borrower: Borrower, event: Event, context: Context) -> Outcome:
    """Apply one event, judge the borrower, and return what is to be emitted and sent.

    Raises:
        TooMuchWork: If the event makes the borrower larger than a fold may be.
    """
    month_before = borrower.counters.month_start
    outcome = _folded(borrower, event, context)
    if 0 < month_before != borrower.counters.month_start:
        day = borrower.counters.month_start - 1
        outcome.effects += effects.maturities(borrower, day, event.at_us)
    if borrower.credit_file.dependants or isinstance(event, LINKED):
        outcome.effects += contagion.effects(borrower, event, context.rules_for(borrower))
    return outcome


def _folded(borrower: Borrower, event: Event, context: Context) -> Outcome:
    borrower.rates = context.rates
    if borrower.news:
        borrower.news = []
    if isinstance(event, DayClosed):
        return _close_day(borrower, event, context)
    rules_before, accounts_before = context.rules_for(borrower), len(borrower.accounts)
    data_before = data_profile_of(borrower)
    facts = apply_event(borrower, event, context)
    if not facts:
        return Outcome(borrower)
    if not borrower.risk.since:
        borrower.risk.since = event.day
    if facts & GROWS or len(borrower.accounts) > accounts_before:
        work.check(borrower)
    as_of = counters.reached(borrower, event.day)
    if counters.begin_month(borrower, as_of):
        facts |= touched.MONTHS
    facts |= _prepare(borrower, rules_before, as_of, facts)
    is_another_kind = facts & context.facts_of_kind or data_profile_of(borrower) != data_before
    rules = context.rules_for(borrower) if is_another_kind else rules_before
    if rules is rules_before and _moves_nothing(borrower, rules, facts):
        return Outcome(borrower)
    trigger = _trigger(borrower, event, rules, as_of, facts)
    judge = step if rules is rules_before else reassess
    return Outcome(borrower, judge(borrower, rules, trigger))


def _prepare(borrower: Borrower, rules: Rules, as_of: int, facts: int) -> int:
    """Weigh decisions; note that the close of this day need not judge balances or lines again.

    Returns what that touched besides.
    """
    if facts & touched.DECISIONS:
        overrides.weigh(borrower, rules, as_of)
    if facts & touched.BALANCES:
        borrower.counters.balances_judged_on = as_of
    if facts & touched.FACILITIES:
        borrower.counters.lines_judged_on = as_of
    if facts & touched.LINKS and set_joint_flags(borrower, as_of):
        return touched.DECISIONS
    return 0


def _moves_nothing(borrower: Borrower, rules: Rules, facts: int) -> bool:
    """Return whether no indicator in use reads what was touched, and no counter or flag either."""
    return (
        not facts & (MOVES_COUNTERS | MOVES_FLAGS)
        and borrower.risk.sequence > 0
        and not rules.touched_by(facts)
    )


def _trigger(borrower: Borrower, event: Event, rules: Rules, as_of: int, facts: int) -> Trigger:
    """Bring the counters up to date; return what is to be judged."""
    is_correction = False
    if facts & MOVES_COUNTERS:
        if facts & touched.PAST:
            is_correction = _corrected(borrower, event, rules)
        counters.refresh(borrower, as_of, rules)
    if event.correction_kind != NO_CORRECTION and isinstance(event, SchedulePublished | LoanClosed):
        life_cycle.begin_missed(borrower, rules, _counts_from(event) - 1, as_of)
    is_evidence = _is_evidence(event, is_correction=is_correction)
    life_cycle.follow(
        borrower,
        rules,
        as_of,
        is_correction=is_evidence or event.correction_kind != NO_CORRECTION,
        shows_days=is_evidence,
    )
    cause = Cause(event.source, event.id, type_name(event))
    kinds = facts & touched.EVERYTHING
    corrects = event.correction_kind != NO_CORRECTION
    return Trigger(as_of, event.at_us, kinds, cause, is_correction=is_correction, corrects=corrects)


def _counts_from(event: SchedulePublished | LoanClosed) -> int:
    """Return the day from which the terms or the end count that an event brings."""
    if isinstance(event, LoanClosed):
        return event.closed_day
    return event.effective_day if isinstance(event, ScheduleChanged) else event.day


def _is_evidence(event: Event, *, is_correction: bool) -> bool:
    """Return whether an event shows how the days before it were, and so may take a default back.

    New terms dated back, an end or a higher limit are paper: they show nothing that was paid.
    """
    if isinstance(event, ClaimDisputed):
        return event.status == UPHELD
    if isinstance(event, LimitChanged):
        return event.correction_kind != NO_CORRECTION
    return is_correction and not isinstance(event, SchedulePublished | LoanClosed)


def withdraw_close(
    borrower: Borrower, without: Borrower, event: DayCloseWithdrawn, context: Context
) -> Outcome:
    """Return the borrower as its events give it without a close, and a correction if one is due.

    ``without`` was folded from the same events without that close, and is used up. What was emitted
    and sent stays as it was: numbers go on, and the correction is against what was emitted last.
    """
    before = borrower.credit_file
    without.risk.sequence, without.risk.emitted = borrower.risk.sequence, borrower.risk.emitted
    without.credit_file.effects_sent = before.effects_sent
    without.credit_file.reported_state = before.reported_state
    without.rates, without.news = context.rates, []
    without.changed, without.stored = ALL_PARTS, []
    rules = context.rules_for(without)
    cause = Cause(event.source, event.id, type_name(event))
    # Without any close left, the correction is as of the day on which the withdrawal was booked.
    as_of = counters.reached(without, without.counters.closed_day) or event.day
    trigger = Trigger(as_of, event.at_us, 0, cause, is_correction=True)
    outcome = Outcome(without, correct(without, rules, trigger, levels=borrower.signals.level))
    if without.credit_file.dependants:
        outcome.effects += contagion.effects(without, event, rules)
    return outcome


def _corrected(borrower: Borrower, event: Event, rules: Rules) -> bool:
    """Derive the counter again; return whether earlier assessments of closed days may be wrong.

    A payment booked a day after its value date is no correction while nothing was past due, and a
    line's balance that comes late is one only if it moves the counter.
    """
    state = borrower.counters
    counted, owed = state.regulatory_days, state.past_due_minor
    counters.recount(borrower, rules)
    if event.correction_kind != NO_CORRECTION or state.regulatory_days != counted:
        return True
    return owed > 0 and not isinstance(event, FacilityBalanceClosed)


def _close_day(borrower: Borrower, event: DayClosed, context: Context) -> Outcome:
    """Close a business day; one that is closed already, or earlier, moves nothing."""
    day = event.closed_day
    if day <= borrower.counters.closed_day:
        return Outcome(borrower)
    rules, closed_before = context.rules_for(borrower, day), borrower.counters.closed_day
    facts = day_close.touched_by_close(borrower, day) | _pass_day(borrower, context, rules, day)
    due = effects.inspection(borrower, rules, day, event.at_us)
    facts |= _touched_by_sectors(borrower, context, day)
    has_new_rules = day == context.since_day or (
        context.has_traits(borrower) and rules is not context.rules_for(borrower)
    )
    if has_new_rules:
        facts |= touched.EVERYTHING
    if facts & (touched.DUES | touched.LINE_DUES):
        counters.refresh(borrower, day, rules, is_close=True)
    counters.close_day(borrower, day, rules)
    life_cycle.follow(borrower, rules, day, is_close=True)
    if counters.begin_month(borrower, day):
        facts |= touched.MONTHS
    if day_close.is_pruned(day):
        day_close.prune(borrower, day, rules.tolerance)
        borrower.changed = ALL_PARTS
    cause = Cause(event.source, event.id, type_name(event))
    trigger = Trigger(day, event.at_us, facts, cause, closed_before, is_day_close=True)
    judge = reassess if has_new_rules else step
    assessment = judge(borrower, rules, trigger)
    return Outcome(borrower, assessment, [] if due is None else [due])


def _touched_by_sectors(borrower: Borrower, context: Context, day: int) -> int:
    """Return whether figures about sectors come with the close of a day, or become too old."""
    is_over = borrower.counters.closed_day <= context.stress_until < day
    return touched.SECTORS if is_over or day == context.stress_day else 0


def _pass_day(borrower: Borrower, context: Context, rules: Rules, day: int) -> int:
    """End what the day ends, and move due dates by a new calendar; return the bits touched."""
    facts = 0
    if day == context.calendars_day and calendars.move_due_days(borrower, context.calendars):
        facts |= touched.LOANS | touched.DUES
        counters.recount(borrower, rules)
    if borrower.decisions.overrides or borrower.risk.flags & FORBORNE:
        facts |= overrides.pass_day(borrower, rules.policy, day)
    if borrower.risk.flags & JOINT_FLAGS:
        set_joint_flags(borrower, day)
    age, closed_before = rules.statement_age, borrower.counters.closed_day
    if age and statements.becomes_stale(borrower, age.stale_months, closed_before, day):
        facts |= touched.STATEMENT_AGE
    return facts
