"""What happens to a borrower: a few things drawn by chance, with their events."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from operator import itemgetter
from typing import Any

from hypothesis import strategies as st

from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.events import accounts
from services.scoring.domain.events.event import Event
from services.scoring.domain.fold import fold
from services.scoring.domain.primitives import vocabulary
from services.scoring.domain.rulebook.context import Context
from tests.fakes.story import EVERYTHING_ON, Story, context
from tests.fakes.units import DAY_US, iso, minor

DAYS = 40
# How many days after it happened a thing is reported.
LATE = (0, 0, 0, 0, 1, 1, 2, 3, 5, 10, 20, 30)
CREDITS = ("CUSTOMER_RECEIPT", "SALARY_IN", "UNKNOWN", "RELATED_IN", "LOAN_IN_OTHER")
DEBITS = ("SUPPLIER_OUT", "PAYROLL_OUT", "CASH_OUT", "RELATED_OUT", "TAX_OUT", "DEBT_SERVICE_OTHER")

# What a thing is, how much, on which day, how late, and what goes wrong with it.
Drawn = tuple[int, int, int, int, int]
things = st.tuples(
    st.integers(0, 23),
    st.integers(1, 2_000),
    st.integers(0, DAYS - 1),
    st.sampled_from(LATE),
    st.integers(0, 9),
)
histories = st.lists(things, min_size=1, max_size=8)


class Scribe(Story):
    """Writes events down without folding them."""

    def __init__(self, story: Story) -> None:
        """Go on after a story, without its borrower."""
        self.log: list[Event] = []
        self.today = story.today
        self._count = 100_000

    def apply(self, event: Event) -> str:
        """Write the event down."""
        self.log.append(event)
        return event.id


@dataclass
class Thing:
    """One thing that happened.

    Args:
        day: When.
        late: How many days later it was reported.
        events: Its events, in order, as if reported at once.
        only_in_disorder: Events of a mistake and its correction; nobody makes it in good order.
        is_first: Whether it comes first of its day, as a drawdown before what it pays for.
        is_back_dated: Whether who was late also booked late.
        must_follow: Whether it may not come before an earlier one of its kind.
    """

    day: int
    late: int
    events: list[Event]
    only_in_disorder: list[Event]
    is_first: bool = False
    is_back_dated: bool = False
    must_follow: str = ""


def _pays(scribe: Scribe, number: int, value: str) -> None:
    scribe.pays(number, value, loan_id="l-2" if number % 4 == 0 else "l-1")


def _credit(scribe: Scribe, number: int, value: str) -> None:
    category = CREDITS[number % len(CREDITS)]
    scribe.flow(number, category, value, counterparty_id=f"c-{number % 6}")


def _debit(scribe: Scribe, number: int, value: str) -> None:
    category = DEBITS[number % len(DEBITS)]
    scribe.flow(-number, category, value, counterparty_id=f"c-{number % 6}")


def _balance(scribe: Scribe, number: int, value: str) -> None:
    scribe.balance(number - 500, value, account="a-1" if number % 3 else "a-2")


def _line(scribe: Scribe, number: int, value: str) -> None:
    scribe.line(number, 1_500, on=value, interest=number % 7)


def _fails(scribe: Scribe, number: int, value: str) -> None:
    scribe.fails(number)


def _returned(scribe: Scribe, number: int, value: str) -> None:
    scribe.returned(number, outgoing=bool(number % 2))


def _draws(scribe: Scribe, number: int, value: str) -> None:
    scribe.draws(number, payee="a-1" if number % 4 else "c-4", value=value)


def _promises(scribe: Scribe, number: int, value: str) -> None:
    scribe.promises(number, by=iso(scribe.today + number % 9))


def _blocks(scribe: Scribe, number: int, value: str) -> None:
    scribe.blocks(("SEIZURE", "RELEASED", "CUSTOMER")[number % 3], "a-1", on=value)


def _collateral(scribe: Scribe, number: int, value: str) -> None:
    scribe.collateral(5_000 + number, piece=f"k-{number % 2}", valued_day=scribe.today)


def _covenant(scribe: Scribe, number: int, value: str) -> None:
    scribe.covenant(1 + number % 70 / 100, 1.2, tested=value, name=f"k-{number % 2}")


def _report(scribe: Scribe, number: int, value: str) -> None:
    kinds = vocabulary.REPORT_KINDS
    scribe.report(kinds[number % len(kinds)], number % 120, number, on=value)


def _finding(scribe: Scribe, number: int, value: str) -> None:
    # Three findings, raised again and again; on one day one of them is always as bad.
    severity = ("LOW", "MEDIUM", "HIGH")[(number + scribe.today) % 3]
    scribe.finding(severity, name=f"n-{number % 3}")


def _inspection(scribe: Scribe, number: int, value: str) -> None:
    scribe.inspection(("SATISFACTORY", "CONCERNS", "SERIOUS")[number % 3])


def _reschedule(scribe: Scribe, number: int, value: str) -> None:
    rows = [(iso(scribe.today + number % 40 + 30 * step), 1_000.0) for step in range(6)]
    scribe.reschedule(*rows, version=0, effective=value)


def _disputes(scribe: Scribe, number: int, value: str) -> None:
    scribe.disputes(number, name=f"d-{number}")


def _limit(scribe: Scribe, number: int, value: str) -> None:
    scribe.apply(
        accounts.LimitChanged(
            *scribe.head(),
            facility_id="f-1",
            limit_minor=minor(number),
            power_minor=None,
            currency="EUR",
            effective_day=scribe.today,
            until=0,
        )
    )


Write = Callable[[Scribe, int, str], None]
KINDS: tuple[Write, ...] = (
    _pays,
    _pays,
    _pays,
    _pays,
    _credit,
    _credit,
    _debit,
    _debit,
    _balance,
    _line,
    _line,
    _limit,
    _fails,
    _returned,
    _draws,
    _promises,
    _blocks,
    _collateral,
    _covenant,
    _report,
    _finding,
    _inspection,
    _reschedule,
    _disputes,
)
# What a second word about one day replaces: its order is its sense, so there is one a day.
ONE_A_DAY: dict[Write, str] = {
    _balance: "balance",
    _line: "line",
    _limit: "line",
    _blocks: "block",
    _collateral: "collateral",
    _covenant: "covenant",
    _report: "report",
    _inspection: "inspection",
    _reschedule: "schedule",
}
# What may be wrong at first, and is then taken back or amended under the name of the first.
CORRECTED = {_pays, _credit, _debit, _returned, _draws, _promises}
AMENDED = {_pays, _returned, _draws, _promises}
# What has versions that must come in their order, even if other things are late.
IN_ORDER = {_reschedule: "schedule", _report: "report"}
MISTAKEN, AMENDING, HASTY, CHARGED_BACK = 6, 7, 8, 9


# By plan an inspection falls due some months after a state was entered, and A-21 settles each
# day a week later for good: both follow what was known, not what happened.
BY_WHAT_WAS_KNOWN = "A-21"


@cache
def rules() -> Context:
    """Return the reference rulebook with everything on that follows what happened."""
    written = context(EVERYTHING_ON).rulebook
    indicators = dict(written.indicators)
    slot = slot_of(BY_WHAT_WAS_KNOWN)
    indicators[slot] = replace(indicators[slot], enabled=False)
    return Context(replace(written, indicators=indicators, inspections={}, resolved={}))


class Lived(Story):
    """A story under these rules."""

    def apply(self, event: Event) -> str:
        """Fold an event."""
        self.borrower = fold(self.borrower, event, rules()).borrower
        return event.id


@cache
def lived(days: int) -> Lived:
    """Return a borrower with a history of a number of days."""
    story = Lived(segment="MICRO", start="2024-01-01", accounts="a-1 a-2")
    story.loan(12_000)
    story.schedule(*[(f"2024-{month:02d}-15", 950.0, 50.0) for month in range(1, 13)])
    story.loan(3_000, loan_id="l-2")
    story.schedule(("2024-03-01", 1_000.0), ("2024-06-01", 2_000.0), loan_id="l-2")
    for number in range(days):
        if number % 31 == 14:
            story.pays(1_000)
        story.flow(300 + number % 11, "CUSTOMER_RECEIPT", counterparty_id=f"c-{number % 3}")
        story.flow(-280, "SUPPLIER_OUT")
        if number % 4 == 0:
            story.balance(4_000 + 37 * (number * 7 % 29))
            story.balance(500 + number, account="a-2")
            story.line(900 + 61 * (number % 13), 1_500, interest=1)
        story.close()
    return story


def happened(drawn: list[Drawn], story: Story, stretch: int) -> list[Thing]:
    """Return what was drawn as things that happened after a story, in order of their days."""
    scribe, happenings, taken = Scribe(story), [], set()
    first = story.today
    for kind, number, day, late, flaw in sorted(drawn, key=itemgetter(2)):
        write = KINDS[kind]
        scribe.today = first + day * stretch
        name = ONE_A_DAY.get(write, "")
        if name and (name, scribe.today) in taken:
            continue
        taken.add((name, scribe.today))
        happenings.append(_thing(scribe, write, number, late * stretch, flaw))
    _number_schedules(happenings)
    return happenings


def _thing(scribe: Scribe, write: Write, number: int, late: int, flaw: int) -> Thing:
    scribe.log = []
    write(scribe, number, iso(scribe.today))
    thing = Thing(
        day=scribe.today,
        late=0 if write is _draws else late,
        events=scribe.log,
        is_first=write is _draws,
        only_in_disorder=[],
        is_back_dated=bool(number % 2),
        must_follow=IN_ORDER.get(write, ""),
    )
    if write in CORRECTED and flaw in (MISTAKEN, HASTY):
        thing.only_in_disorder = _mistake(scribe, write, number)
        if flaw == HASTY and write is _pays:
            thing.only_in_disorder.reverse()
    elif write in AMENDED and flaw == AMENDING:
        wrong = replace(thing.events[0], id=f"{thing.events[0].id}-wrong")
        _halve(wrong)
        thing.only_in_disorder = [wrong]
    elif write is _pays and flaw == CHARGED_BACK:
        scribe.log = []
        scribe.reverses(thing.events[0].id, max(1, number // 2))
        thing.events = [thing.events[0], scribe.log[0]]
    return thing


def _mistake(scribe: Scribe, write: Write, number: int) -> list[Event]:
    """Return the same thing reported once more by mistake, and its reversal."""
    scribe.log = []
    write(scribe, number + 1, iso(scribe.today))
    wrong = scribe.log[0]
    kind = vocabulary.REVERSAL_OF
    if write is _pays:
        scribe.reverses(wrong.id, number + 1)
        return [wrong, scribe.log[1]]
    back = replace(wrong, id=f"{wrong.id}-back", corrects_id=wrong.id, correction_kind=kind)
    return [wrong, back]


AMOUNTS = ("paid_minor", "amount_minor", "drawn_minor", "promised_minor")


def _halve(event: Any) -> None:
    for name in AMOUNTS:
        if hasattr(event, name):
            setattr(event, name, max(1, getattr(event, name) // 2))


def _number_schedules(things: list[Thing]) -> None:
    version = 1
    for thing in things:
        if thing.must_follow == "schedule":
            version += 1
            thing.events[0].schedule_version = version  # type: ignore[attr-defined]


def booked(event: Event, day: int) -> Event:
    """Return the event as booked on a later day."""
    return replace(event, day=day, at_us=event.at_us + (day - event.day) * DAY_US)
