"""Random steps in a credit file: valuations, certificates, links, reports, findings."""

from collections.abc import Callable

from services.scoring.domain.borrower.risk import STATE_NAMES
from services.scoring.domain.handlers.credit_file import expect_related_state
from services.scoring.domain.primitives.vocabulary import LINK_KINDS, REPORT_KINDS
from tests.fakes.story import Story
from tests.fakes.units import day, iso, month_end

PEOPLE = ("g-1", "g-2", "m-1")
PERIODS = ("2023-12", "2024-03", "2024-06")
BASES = ("UNKNOWN", "AUDITED", "MANAGEMENT")


def _collateral(story: Story, number: int, value: str) -> None:
    story.collateral(
        5_000 + 100 * (number % 97),
        piece=f"c-{number % 3}",
        valued_day=day(value),
        is_residential=bool(number % 2),
        haircut_micro=(number % 5) * 100_000,
        limit_micro=-1 if number % 3 else 700_000,
        insured_until=story.today + number % 60 if number % 4 else 0,
        is_double_pledged=number % 11 == 0,
        is_released=number % 13 == 0,
    )


def _covenant(story: Story, number: int, value: str) -> None:
    story.covenant(
        1 + number % 70 / 100,
        1.2,
        ceiling=bool(number % 2),
        tested=value,
        name=f"k-{number % 2}",
        due=iso(story.today + number % 40) if number % 3 else None,
        waiver=number % 17 == 0,
    )


def _guarantor(story: Story, number: int, value: str) -> None:
    name = PEOPLE[number % 2]
    story.guarantor(name, number * 5, until=iso(story.today + number % 50))
    expect_related_state(story.borrower.credit_file, name)


def _link(story: Story, number: int, value: str) -> None:
    name = PEOPLE[number % 3]
    story.link(name, LINK_KINDS[number % 4], strength=-1 if number % 5 == 0 else number % 100 / 100)
    expect_related_state(story.borrower.credit_file, name)


def _hears(story: Story, number: int, value: str) -> None:
    story.related_state(PEOPLE[number % 3], STATE_NAMES[number % len(STATE_NAMES)])


def _report(story: Story, number: int, value: str) -> None:
    kind = REPORT_KINDS[number % len(REPORT_KINDS)]
    amount = number if number % 2 else -1
    story.report(kind, number % 120 - 1, amount, reporter=f"bureau {number % 2}", on=value)


def _finding(story: Story, number: int, value: str) -> None:
    severity = ("LOW", "MEDIUM", "HIGH")[number % 3]
    story.finding(severity, name=f"n-{number % 4}", settled=number % 2 == 0)


def _inspection(story: Story, number: int, value: str) -> None:
    outcome = ("SATISFACTORY", "CONCERNS", "SERIOUS")[number % 3]
    story.inspection(outcome, due=iso(story.today + number % 90) if number % 4 else None)


def _limit(story: Story, number: int, value: str) -> None:
    until = iso(story.today + number % 40) if number % 3 == 0 else None
    power = -1 if number % 2 else 700 + number % 500
    story.limit(500 + number % 2_000, since=value, until=until, power=power)


def _statement_due(story: Story, number: int, value: str) -> None:
    ends = iso(month_end(PERIODS[number % 3]))
    due = iso(story.today + number % 60 - 20)
    months, basis = (3, 12)[number // 3 % 2], BASES[number // 6 % 3]
    story.statement_due(ends, due, months=months, basis=basis)


def _statement(story: Story, number: int, value: str) -> None:
    months, basis = (3, 12)[number // 3 % 2], BASES[number // 6 % 3]
    lines = {"equity": number % 50, "total_assets": 100}
    story.files(PERIODS[number % 3], months, basis=basis, is_dated=number % 5 > 0, **lines)


STEPS: tuple[Callable[[Story, int, str], None], ...] = (
    _collateral,
    _covenant,
    _guarantor,
    _link,
    _hears,
    _report,
    _finding,
    _inspection,
    _limit,
    _statement_due,
    _statement,
)


def take(story: Story, number: int, value: str) -> None:
    """Take one step: the number chooses which, and how."""
    STEPS[number % len(STEPS)](story, number // len(STEPS), value)
