"""Defines what is known about one borrower: the whole of the stored state.

`handlers` change it, indicators read it, `adapters/state_bytes.py` writes it. Flat on purpose:
parallel lists of integers, because encoding and decoding small objects costs more than folding an
event.

Must stay true:
- everything is a pure function of the borrower's log; nothing here depends on a clock, on hash
  order or on how events were batched;
- money is in minor units: loans in the loan's currency, everything else in the borrower's
  reporting currency. Days are ordinals, months are `year x 12 + month - 1`;
- lists named by day or month are in ascending order;
- a window of n days as of day D is the n days up to and including D: at the close of D the
  half-open `[T - n, T)` with T the start of D + 1, during D the day so far included.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Final

from services.scoring.domain.borrower.credit_file import CreditFile
from services.scoring.domain.borrower.decisions import Decisions
from services.scoring.domain.borrower.flows import (
    CashForecasts,
    Drawdowns,
    LenderFlows,
    OutsideFunding,
    PassThrough,
    Promises,
    RecurringPayments,
)
from services.scoring.domain.borrower.reasons import RecordedTest, StateMark
from services.scoring.domain.borrower.risk import RiskRecord, Signals
from services.scoring.domain.primitives.daily_values import Daily
from services.scoring.domain.primitives.dates import first_day_of, last_day_of, month_of
from services.scoring.domain.primitives.money import Rates
from services.scoring.domain.primitives.series import Series

# Days counted where nothing is open at all.
NOTHING_OPEN: Final = -1
# The parts in which a borrower is stored, as bits of `Borrower.changed`.
PROFILE_PART: Final = 1
LOANS_PART: Final = 2
ACCOUNTS_PART: Final = 4
FLOWS_PART: Final = 8
FACILITIES_PART: Final = 16
BOUNCES_PART: Final = 32
STATEMENTS_PART: Final = 64
CREDIT_FILE_PART: Final = 128
RECURRING_PART: Final = 256
DECISIONS_PART: Final = 512
CONDUCT_PART: Final = 1024
REASONS_PART: Final = 2048
ALL_PARTS: Final = 4095
FAILED_COLLECTION: Final = 0
RETURNED_OUTGOING: Final = 1
RETURNED_INCOMING: Final = 2
# The longest window of days that is read of flows and balances.
WINDOW_DAYS: Final = 210


@dataclass(slots=True)
class Profile:
    """Reference data of the borrower, as last registered. ``known_day`` 0: never registered."""

    known_day: int = 0
    segment: int = 2
    reporting_currency: str = ""
    country: str = ""
    industry_code: str = ""
    legal_form: str = ""
    start_day: int | None = None
    group_id: str | None = None
    status: str = ""
    origination_pd_micro: int | None = None
    rating: str = ""
    officer_id: str | None = None
    branch_id: str | None = None
    current_pd_micro: int | None = None


@dataclass(slots=True)
class PastSchedule:
    """An earlier version of a schedule, in force for days before ``until_day``.

    Kept as long as its days are inside the counters' memory, so that history is re-derived on the
    schedule that was in force then. ``extinction`` says how its end extinguished what was open
    under it: a code of `vocabulary.EXTINCTIONS`, 0 where the change was no doing of the parties.
    It has the instalments of a year after its end too: when the schedule that replaced it is
    amended, it was in force for longer.
    """

    until_day: int
    due_days: list[int]
    due_cum: list[int]
    carried_minor: int
    extinction: int = 0


@dataclass(slots=True)
class ArrearsExclusion:
    """Arrears of a loan that do not count on days from ``from_day`` up to before ``until_day``.

    Args:
        name: The dispute or the decision.
        until_day: 0 while it is in force.
        due_day: The contractual due day of the instalment concerned, 0 for oldest first.
        minor: The disputed amount; a technical exclusion covers everything.
        is_settled: Whether a dispute is over; an upheld one goes on excusing.
    """

    name: str
    from_day: int
    until_day: int = 0
    due_day: int = 0
    minor: int = 0
    is_technical: bool = False
    is_settled: bool = False

    @property
    def is_upheld(self) -> bool:
        """Return whether the dispute was decided for the borrower: nothing was ever owed."""
        return self.is_settled and self.until_day == 0


@dataclass(slots=True)
class LoanEnd:
    """One end of a loan, or of the claim that was left of it.

    Args:
        ref: The event.
        reason: A word of `vocabulary.CLOSING_REASONS`.
        is_claim_open: Whether the bank still claims what it wrote off.
        is_loss: Whether it was written off, or sold at a loss or in default.
        successor: The loan that took its place, empty where none was named.
        unpaid_through: Through which day what is unpaid at the end is reckoned: that of the
            booking, where principal is left. An end that is dated back pays no instalment.
    """

    ref: str
    day: int
    reason: str
    is_claim_open: bool = False
    is_loss: bool = False
    successor: str = ""
    unpaid_through: int = 0


@dataclass(slots=True)
class Loan:
    """One loan or line with its schedule and the money received.

    Instalments are parallel lists in order of due day. ``due_cum[k]`` is everything due up to and
    including instalment k (``interest_cum`` and ``fees_cum`` its parts), counted from the first
    instalment still kept, so that oldest-first allocation is one comparison with the money paid.

    Payments are parallel lists in order of value day. ``paid_keys`` identifies them for
    corrections. ``paid_outstanding[i]`` is the outstanding principal that the core system stated
    with payment i, else -1. ``non_cash`` has, flat, the key of each payment that was no cash of the
    borrower's and how it extinguished the debt (`vocabulary.EXTINCTIONS`). ``carried_minor`` is
    what pruned payments brought less what pruned instalments took (``pruned_due_minor``, of it
    ``pruned_principal_minor``). ``effective_days`` are the due days moved by holidays, empty where
    none moves.

    ``schedule_day`` is since when the schedule in force counts. ``ends`` are in order of day;
    ``closed_day`` and ``closed_reason`` are those of the first one.

    Only while many days are judged one after another (`instalments.added_up`), and never stored:
    ``received[n]`` is what the first n payments brought, and ``stated[n]`` the position of the last
    of them with an outstanding principal, -1 without one.
    """

    loan_id: str
    facility_id: str | None = None
    loan_type: int = 0
    currency: str = ""
    principal_minor: int = 0
    limit_minor: int | None = None
    drawing_power_minor: int | None = None
    start_day: int = 0
    maturity_day: int | None = None
    repayment_type: int = 0
    rate_micro: int | None = None
    purpose_code: str = ""
    barred_purposes: list[str] = field(default_factory=list)
    grace_days: int = 0
    dpd_convention: int = 0
    allocation_rule: int = 0
    holiday_calendar: str = ""
    origination_officer_id: str | None = None
    collection_officer_id: str | None = None
    review_due_day: int | None = None
    routing_share_micro: int | None = None
    closed_day: int | None = None
    schedule_version: int = 0
    schedule_ref: str = ""
    schedule_day: int = 0
    due_days: list[int] = field(default_factory=list)
    due_cum: list[int] = field(default_factory=list)
    interest_cum: list[int] = field(default_factory=list)
    fees_cum: list[int] = field(default_factory=list)
    effective_days: list[int] = field(default_factory=list)
    pruned_due_minor: int = 0
    pruned_principal_minor: int = 0
    carried_minor: int = 0
    paid_days: list[int] = field(default_factory=list)
    paid_minor: list[int] = field(default_factory=list)
    paid_keys: list[int] = field(default_factory=list)
    paid_outstanding: list[int] = field(default_factory=list)
    paid_refs: list[str] = field(default_factory=list)
    non_cash: list[int] = field(default_factory=list)
    ends: list[LoanEnd] = field(default_factory=list)
    past: list[PastSchedule] = field(default_factory=list)
    concession_days: list[int] = field(default_factory=list)
    closed_reason: str = ""
    exclusions: list[ArrearsExclusion] = field(default_factory=list)
    regulatory_days: int = 0
    received: list[int] = field(default_factory=list, compare=False, repr=False)
    stated: list[int] = field(default_factory=list, compare=False, repr=False)

    @property
    def has_open_claim(self) -> bool:
        """Return whether the loan was written off and the claim is not closed."""
        return bool(self.ends) and self.ends[-1].is_claim_open


@dataclass(slots=True)
class Account:
    """One account with its end-of-day balances; ``block_kind`` is an enforcement in force."""

    account_id: str
    eod: Daily = field(default_factory=Daily)
    has_eod_events: bool = False
    available_day: int = 0
    available_minor: int = 0
    block_kind: str = ""
    block_ref: str = ""
    block_day: int = 0


@dataclass(slots=True)
class Flows:
    """Account flows of all accounts together.

    Daily sums (`Series`) reach back as far as the indicators read, monthly sums 24 months:
    ``…_months[i]`` belongs to month ``first_month + i``. ``known_day`` is the first day of which
    any flow or balance is known. Operating credits and debits as in the domain's conventions;
    ``debits`` are all debits but own transfers and reversals; ``penalty_interest`` is what the bank
    charged for balances below zero. ``no_rate_day`` is the newest day of which something on an
    account could not be converted for want of a rate, 0 without any: its windows are incomplete.
    """

    known_day: int = 0
    no_rate_day: int = 0
    operating_credits: Series = field(default_factory=Series)
    debits: Series = field(default_factory=Series)
    cash_debits: Series = field(default_factory=Series)
    related_net: Series = field(default_factory=Series)
    penalty_interest: Series = field(default_factory=Series)
    first_month: int = 0
    operating_credit_months: list[int] = field(default_factory=list)
    unknown_credit_months: list[int] = field(default_factory=list)
    operating_debit_months: list[int] = field(default_factory=list)
    debit_months: list[int] = field(default_factory=list)
    cash_debit_months: list[int] = field(default_factory=list)

    def first_full_month(self) -> int:
        """Return the first month on whose first day the accounts were known already."""
        month = month_of(self.known_day)
        return month if self.known_day == first_day_of(month) else month + 1

    def lacks_a_rate(self, as_of: int) -> bool:
        """Return whether something inside the windows could not be converted."""
        return self.no_rate_day > 0 and as_of - self.no_rate_day < WINDOW_DAYS

    def known_days(self, as_of: int) -> int:
        """Return for how many days, today included, accounts have been known."""
        return as_of - self.known_day + 1 if self.known_day else 0


@dataclass(slots=True)
class LimitRaise:
    """A limit that was raised while, or just after, it was exceeded.

    ``exceeded_minor`` is the limit that was exceeded: until the excess counts as repaid, what is
    drawn above it is unproven. ``is_measure``: whether it was a concession.
    """

    day: int
    exceeded_minor: int
    is_proven: bool = False
    is_measure: bool = False


@dataclass(slots=True)
class Facility:
    """Use of one line at the end of each day.

    ``limit_days`` and ``limit_minor`` are the changes of the advised limit,
    ``power_minor`` the drawing power from the same day (-1 where there is none). ``excess_since``
    is the first day of an unbroken excess that began before the days kept, else 0.
    ``late_months[i]`` is how many months past due the card system stated for ``late_days[i]``; both
    are empty for a line whose system states none. ``raises`` are the limits raised while exceeded.
    """

    facility_id: str
    loan_id: str | None = None
    currency: str = ""
    drawn: Daily = field(default_factory=Daily)
    limit_days: list[int] = field(default_factory=list)
    limit_minor: list[int] = field(default_factory=list)
    power_minor: list[int] = field(default_factory=list)
    excess_since: int = 0
    undrawn_usable_minor: int | None = None
    interest_debited: Series = field(default_factory=Series)
    late_days: list[int] = field(default_factory=list)
    late_months: list[int] = field(default_factory=list)
    regulatory_days: int = 0
    raises: list[LimitRaise] = field(default_factory=list)

    @property
    def proven_minor(self) -> int:
        """Return what may be drawn until an excess that a higher limit ended counts as repaid.

        -1 where there is none.
        """
        open_raises = [each.exceeded_minor for each in self.raises if not each.is_proven]
        return min(open_raises, default=-1)


@dataclass(slots=True)
class Bounces:
    """Failed collections and returned items of the last months, by day.

    ``kinds`` are FAILED_COLLECTION, RETURNED_OUTGOING, RETURNED_INCOMING; only lack of funds
    counts for the first two. ``refs`` are the events.
    """

    days: list[int] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    minor: list[int] = field(default_factory=list)
    refs: list[str] = field(default_factory=list)

    def of_kind(self, kind: int, first_day: int, last_day: int) -> list[int]:
        """Return the positions of the items of a kind in the window, oldest first."""
        start, end = bisect_left(self.days, first_day), bisect_right(self.days, last_day)
        return [index for index in range(start, end) if self.kinds[index] == kind]


@dataclass(slots=True)
class Statement:
    """One set of financial statements; ``lines`` follows `vocabulary.STATEMENT_LINES`."""

    statement_id: str
    ref: str
    period_end_day: int
    period_months: int
    received_day: int
    due_day: int | None
    basis: int
    is_consolidated: bool
    accounting_standard: str
    auditor_id: str | None
    opinion: int
    going_concern_doubt: bool
    auditor_changed: bool
    policy_changed: bool
    year_changed: bool
    lines: list[int | None]


@dataclass(slots=True)
class Counters:
    """Day counters and totals that the fold maintains.

    Args:
        closed_day: The last business day closed for this borrower, 0 before the first.
        regulatory_days: Consecutive material day closes up to and including ``closed_day``.
        past_due_minor: Everything due and unpaid at the last evaluation.
        exposure_minor: On-balance exposure at the last evaluation.
        operational_days: Days in arrears: operational days past due at the last evaluation
            (EXCLUSIVE), 0 while contractual grace lasts.
        late_days: Days since the contractual due day of the oldest unpaid instalment, nothing
            excluded, at the last evaluation.
        counted_days: As ``operational_days``, without grace: what the regimes count from.
            `NOTHING_OPEN` where nothing is open, 0 where something fell due today and is unpaid at
            the day's end.
        month_start: First day of the month that is not over yet.
        next_month_start: First day of the month after it.
        balances_judged_on: The day as of which the balances were judged last.
        lines_judged_on: The same for the lines.
        counting_days: Days in a row, up to the last evaluation, on which an overdue amount counted
            for early warning; as ``counted_days`` where a rulebook counts every amount.
        counting_closes: The same up to and including ``closed_day``.
        arrears_days: What indicators and state rules go by: as ``counting_days``, 0 while
            contractual grace lasts.
    """

    closed_day: int = 0
    regulatory_days: int = 0
    past_due_minor: int = 0
    exposure_minor: int = 0
    operational_days: int = 0
    month_start: int = 0
    next_month_start: int = 0
    balances_judged_on: int = 0
    lines_judged_on: int = 0
    late_days: int = 0
    counted_days: int = NOTHING_OPEN
    counting_days: int = 0
    counting_closes: int = 0
    arrears_days: int = 0

    def is_over(self, day: int, as_of: int) -> bool:
        """Return whether the day has ended as of now: an earlier day, or one that is closed."""
        return day < as_of or day <= self.closed_day

    def newest_full_month(self, as_of: int) -> int:
        """Return the newest month that is over: at the close of its last day."""
        month = month_of(as_of)
        return month if self.is_over(last_day_of(month), as_of) else month - 1


@dataclass(slots=True)
class Evidence:
    """References of the newest events per kind, newest last, a handful each."""

    credits: list[str] = field(default_factory=list)
    debits: list[str] = field(default_factory=list)
    penalties: list[str] = field(default_factory=list)
    balances: list[str] = field(default_factory=list)
    facilities: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Lowest:
    """The lowest of so many newest figures of a list that grows by the day.

    None until it is read, and again when its day leaves the window or is replaced.
    """

    days: int
    low: int | None = None

    def of(self, figures: list[int]) -> int:
        """Return the lowest of the newest figures."""
        low = self.low
        if low is None:
            low = self.low = min(figures[-self.days :])
        return low

    def follow(self, figures: list[int], replaced: int | None = None) -> None:
        """Take in the newest figure, which is new or has replaced another one."""
        low, newest = self.low, figures[-1]
        if low is None:
            return
        left = replaced
        if left is None:
            left = figures[-self.days - 1] if len(figures) > self.days else newest
        if newest <= low:
            self.low = newest
        elif left <= low:
            self.low = None


@dataclass(slots=True)
class BalanceView:
    """The balances of all accounts together, day by day up to ``last_day``. Never stored.

    ``base`` has in ascending order the days that the last 30 are compared with; ``dips[i]`` is day
    i less the highest day of the 30 before it, 0 at most.
    """

    last_day: int
    balances: list[int]
    base: list[int]
    dips: list[int]
    is_last_stale: bool = False
    low_60: Lowest = field(default_factory=lambda: Lowest(60))
    low_180: Lowest = field(default_factory=lambda: Lowest(180))
    deepest_180: Lowest = field(default_factory=lambda: Lowest(180))


@dataclass(slots=True)
class LineView:
    """The use of all lines together, day by day up to ``last_day``. Never stored.

    ``shares[i]`` is drawn over limits in micro-units, -1 on a day without a limit; ``over[i]`` is 1
    where any line was above what may be drawn.
    """

    last_day: int
    shares: list[int]
    over: list[int]
    is_last_stale: bool = False


@dataclass(slots=True)
class StatementView:
    """The statements that can be compared with the newest one. Never stored.

    ``made_of`` are the statements that it was made of; ``by_period`` those of the newest one's
    consolidation and accounting standard, by month of the period's end and its months; ``rolled``
    remembers flows by line, month of the end and months. ``rhythm`` is how many months after the
    newest balance date the next one follows, ``next_due`` by when its statement is due, None where
    nobody stated when any was.
    """

    latest: Statement
    month: int
    made_of: list[Statement]
    rhythm: int = 0
    next_due: int | None = None
    by_period: dict[tuple[int, int], Statement] = field(default_factory=dict)
    rolled: dict[tuple[int, int, int], int | None] = field(default_factory=dict)


@dataclass(slots=True)
class AssessmentChange:
    """One difference from the assessment emitted before; ``before``/``after`` as shown."""

    kind: str
    indicator: str | None
    before: str | None
    after: str | None


@dataclass(slots=True)
class Borrower:
    """One borrower, whole.

    ``reversed_keys`` and ``reversed_minor`` are events that were taken back before they came, and
    how much of each payment (`corrections.WHOLE`: all of it). ``corrected_keys`` are the events
    that were taken back last. ``state_tests`` are what was true when the present state was entered,
    ``state_mark`` the signals right after it (`assess/reasons.py`).

    What comes after ``risk`` saves work, is derived from the rest and never counts: views, the
    exchange rates known at this place of the log, changes made by the event itself (empty between
    events), the stored bytes of the parts, and a bit for each part that has changed since they were
    written.
    """

    borrower_id: str
    profile: Profile = field(default_factory=Profile)
    loans: list[Loan] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    flows: Flows = field(default_factory=Flows)
    payers: list[str] = field(default_factory=list)
    payer_months: list[list[int]] = field(default_factory=list)
    payer_first_months: list[int] = field(default_factory=list)
    facilities: list[Facility] = field(default_factory=list)
    bounces: Bounces = field(default_factory=Bounces)
    statements: list[Statement] = field(default_factory=list)
    credit_file: CreditFile = field(default_factory=CreditFile)
    recurring: RecurringPayments = field(default_factory=RecurringPayments)
    decisions: Decisions = field(default_factory=Decisions)
    outside_funding: OutsideFunding = field(default_factory=OutsideFunding)
    lender_flows: LenderFlows = field(default_factory=LenderFlows)
    drawdowns: Drawdowns = field(default_factory=Drawdowns)
    promises: Promises = field(default_factory=Promises)
    forecasts: CashForecasts = field(default_factory=CashForecasts)
    pass_through: PassThrough = field(default_factory=PassThrough)
    reversed_keys: list[int] = field(default_factory=list)
    reversed_minor: list[int] = field(default_factory=list)
    corrected_keys: list[int] = field(default_factory=list)
    state_tests: list[RecordedTest] = field(default_factory=list)
    state_mark: StateMark = field(default_factory=StateMark)
    counters: Counters = field(default_factory=Counters)
    evidence: Evidence = field(default_factory=Evidence)
    signals: Signals = field(default_factory=Signals)
    risk: RiskRecord = field(default_factory=RiskRecord)
    balance_view: BalanceView | None = field(default=None, compare=False, repr=False)
    line_view: LineView | None = field(default=None, compare=False, repr=False)
    statement_view: StatementView | None = field(default=None, compare=False, repr=False)
    rates: Rates | None = field(default=None, compare=False, repr=False)
    news: list[AssessmentChange] = field(default_factory=list, compare=False, repr=False)
    changed: int = field(default=ALL_PARTS, compare=False, repr=False)
    stored: list[bytes] = field(default_factory=list, compare=False, repr=False)

    def loan(self, loan_id: str, currency: str) -> Loan:
        """Return the loan, made bare if an event about it comes before its booking."""
        for loan in self.loans:
            if loan.loan_id == loan_id:
                return loan
        loan = Loan(loan_id, currency=currency)
        self.loans.append(loan)
        return loan
