"""What a borrower owes and what its loans and lines owe never contradict each other."""

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.scoring.domain.arrears.days_past_due import arrears_of, worst_reported_days
from tests.fakes.units import day, iso
from tests.property.scoring.histories import Life, histories

# Decisions and disputes that leave arrears out, between the other steps.
exclusions = st.lists(
    st.tuples(st.integers(0, 39), st.sampled_from(("technical", "dispute")), st.integers(1, 60)),
    max_size=4,
)


def contradictions(life: Life) -> list[str]:
    """Return what differs at the last close between the borrower and its loans and lines."""
    borrower, counters = life.story.borrower, life.story.borrower.counters
    rows = arrears_of(borrower, life.story.rules.tolerance, counters.closed_day)
    pairs = {
        "days late": (counters.late_days, max((row.days_late for row in rows), default=0)),
        "days in arrears": (
            counters.operational_days,
            max((row.days_in_arrears for row in rows), default=0),
        ),
        "past due": (counters.past_due_minor, sum(row.past_due_minor for row in rows)),
    }
    differing = [f"{name}: {mine}, {own}" for name, (mine, own) in pairs.items() if mine != own]
    # A card system reports months past due and no amount.
    has_amounts = counters.operational_days > worst_reported_days(
        borrower, *[counters.closed_day] * 2
    )
    if has_amounts and not counters.past_due_minor:
        differing.append(f"{counters.operational_days} days in arrears, and nothing is past due")
    return [f"{iso(counters.closed_day)}: {text}" for text in differing]


def exclude(life: Life, kind: str, number: int) -> None:
    """Decide that arrears are technical, or open a dispute."""
    story = life.story
    if kind == "dispute":
        story.disputes(number * 10, since=iso(story.today - number), name=f"d-{number}")
        return
    story.decide(
        "TECHNICAL_DEFAULT",
        effective=iso(story.today - number),
        until=iso(story.today + number),
        loan_id=("", "l-1")[number % 2],
        name=f"o-{number}",
    )


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
)
@given(histories, exclusions)
def test_a_borrower_owes_what_its_loans_and_lines_owe(
    steps: list[tuple[str, int, int]], excluded: list[tuple[int, str, int]]
) -> None:
    life = Life()
    for position, step in enumerate(steps):
        life.live(step)
        for when, kind, number in excluded:
            if when == position:
                exclude(life, kind, number)
        life.story.close()
        assert contradictions(life) == []
    assert life.story.today > day("2024-10-01")
