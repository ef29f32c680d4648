"""Defines the state machine's rules as data: what lets a borrower in, what lets it out.

Each rule has an id, so that a transition can name what triggered it. `states` applies them;
rulebooks fill them in. `EXIT_CONDITIONS` is the one list of what can block a way out: the state
machine, the outlook and the narrative read it.
"""

from dataclasses import dataclass
from typing import Final

from services.scoring.domain.primitives.measurement import Unit
from services.scoring.domain.rulebook.thresholds import Threshold


@dataclass(frozen=True, slots=True)
class SignalTest:
    """True when the signal is at ``level`` or worse, and its figure past ``threshold`` if given.

    ``unit`` is what the threshold counts in.
    """

    slot: int
    indicator: str
    unit: Unit
    level: int = 0
    threshold: Threshold | None = None


@dataclass(frozen=True, slots=True)
class EntryRule:
    """Everything that is stated must be true for the borrower to be put into ``to``.

    Args:
        hard: A hard rule blocks a relaxation while it is true; score rules do not.
        score: The score has reached the segment's cut for ``to``.
        amber_families: At least this many families have a signal at amber or worse.
        reds: At least this many signals at red or worse.
        red_families: … spread over at least this many families.
        tests: Signal tests of which ``tests_needed`` must be true.
        family_cut: One family has been at the family cut for the segment's number of days.
        flags: Any of these flags is set.
        all_flags: All of these flags are set.
    """

    id: str
    to: int
    text: str
    hard: bool = True
    score: bool = False
    amber_families: int = 0
    reds: int = 0
    red_families: int = 0
    tests: tuple[SignalTest, ...] = ()
    tests_needed: int = 1
    family_cut: bool = False
    flags: int = 0
    all_flags: int = 0


@dataclass(frozen=True, slots=True)
class ExitRule:
    """Everything that is stated must be true at a day close before ``source`` is left for ``to``.

    Args:
        automatic: The system moves at once; otherwise it proposes and a second person approves.
        score_days: The score stayed below the segment's exit cut for this many days.
        dwell_days: Shortest stay in ``source``.
        no_red: No signal is red.
        no_arrears_days: Operational DPD was 0 for this many days.
        on_time: How many of the last instalments were paid on time, all of them.
        no_hard_days: No hard rule of ``source`` or worse was true for this many days.
        dwell_months: Shortest stay in ``source``, in calendar months.
        months_on_time: This many months in ``source``, every instalment due in them paid on time …
        months_on_time_sparse: … or this many where a loan is paid twice a year or less.
        all_arrears_paid: Nothing at all is past due, material or not.
        ability_assessed: An inspection in ``source`` found the borrower able to pay.
        no_open_finding: No finding of an officer is open.
    """

    id: str
    source: int
    to: int
    automatic: bool = False
    score_days: int = 0
    dwell_days: int = 0
    no_red: bool = False
    no_arrears_days: int = 0
    on_time: int = 0
    no_hard_days: int = 0
    statement_in_time: bool = False
    months_without_default: int = 0
    months_if_forborne: int = 0
    dwell_months: int = 0
    months_on_time: int = 0
    months_on_time_sparse: int = 0
    all_arrears_paid: bool = False
    ability_assessed: bool = False
    no_open_finding: bool = False


@dataclass(frozen=True, slots=True)
class ExitCondition:
    """One condition that can block a relaxation; what it is called everywhere.

    Args:
        code: Its name in blockers, outlooks and message catalogues.
        unit: What its progress counts; FLAG where it is yes or no.
        required_by: The fields of `ExitRule` that require it; empty where it always counts.
        is_judgement: An approved exception may pass over it. Arrears, hard rules, dwell, cure and
            the general limits block an exception as they block everything else.
        is_general: A limit of `StatePolicy` that counts in every state but DEFAULT.
    """

    code: str
    unit: Unit
    required_by: tuple[str, ...] = ()
    is_judgement: bool = False
    is_general: bool = False


EXIT_CONDITIONS: Final = (
    ExitCondition("rule_true", Unit.FLAG),
    ExitCondition("score_not_calm", Unit.DAYS, ("score_days",), is_judgement=True),
    ExitCondition("dwell", Unit.DAYS, ("dwell_days", "dwell_months")),
    ExitCondition("red_signal", Unit.FLAG, ("no_red",), is_judgement=True),
    ExitCondition("arrears_run", Unit.DAYS, ("no_arrears_days",)),
    ExitCondition("instalments_late", Unit.COUNT, ("on_time",)),
    ExitCondition("hard_rule_run", Unit.DAYS, ("no_hard_days",)),
    ExitCondition(
        "cure_period",
        Unit.MONTHS,
        (
            "months_without_default",
            "months_if_forborne",
            "months_on_time",
            "months_on_time_sparse",
        ),
    ),
    ExitCondition("statement_late", Unit.FLAG, ("statement_in_time",), is_judgement=True),
    ExitCondition("arrears_left", Unit.FLAG, ("all_arrears_paid",)),
    ExitCondition("not_assessed", Unit.FLAG, ("ability_assessed",)),
    ExitCondition("open_finding", Unit.FLAG, ("no_open_finding",), is_judgement=True),
    ExitCondition("recently_tightened", Unit.COUNT, is_general=True),
    ExitCondition("low_completeness", Unit.RATIO, is_general=True),
    ExitCondition("statement_stale", Unit.FLAG, is_judgement=True, is_general=True),
    ExitCondition("flip_guard", Unit.COUNT, is_general=True),
)


@dataclass(frozen=True, slots=True)
class ForbearanceRules:
    """How concessions are judged (domain 4.3).

    Args:
        npv_loss_micro: The loss of present value from which a restructuring is distressed.
        probation_months: How long a forborne borrower must perform.
        months_paid_micro: In what share of the months with something due it must have paid.
        significant_micro: Share of what fell due in a month that is more than insignificant.
        most_arrears_days: Operational days past due that are allowed at the end of the probation.
        difficulty_days: A loan that was later than this before a measure was in difficulty …
        difficulty_window_days: … if that was on one of so many days before it.
        sale_loss_micro: The share of a claim lost in its sale above which the sale is a trigger.
        late_days: So late on the day before a measure it would have been later without it.
    """

    npv_loss_micro: int = 10_000
    probation_months: int = 24
    months_paid_micro: int = 500_000
    significant_micro: int = 100_000
    most_arrears_days: int = 30
    difficulty_days: int = 30
    difficulty_window_days: int = 90
    late_days: int = 5
    sale_loss_micro: int = 50_000


@dataclass(frozen=True, slots=True)
class AbilityRule:
    """What stands in for a person who finds the borrower able to pay, in a cure.

    Args:
        segments: The segments for which it does.
        on_time: How many of the last instalments must have been paid on time.
    """

    segments: tuple[str, ...] = ()
    on_time: int = 3


@dataclass(frozen=True, slots=True)
class StatePolicy:
    """The rules and general limits of the state machine (domain 4.2 and 4.3).

    ``compared_slots`` are the signals whose figures some rule compares with a threshold.
    """

    entries: tuple[EntryRule, ...]
    exits: tuple[ExitRule, ...]
    compared_slots: tuple[int, ...] = ()
    quiet_business_days: int = 10
    least_completeness: int = 600_000
    most_moves: int = 3
    moves_window_days: int = 90
    forbearance: ForbearanceRules = ForbearanceRules()
    ability: AbilityRule = AbilityRule()
