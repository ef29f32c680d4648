"""Counting days, section 4.4: conventions, the Indian class, the regulatory count, materiality.

The borrower of the table owes 1,000 on 31 March 2023 and pays nothing. An obligor's figures are
those of the fold after the close of the day.
"""

from functools import cache, partial

from services.scoring.domain.arrears.days_past_due import loan_days
from services.scoring.domain.primitives.vocabulary import EXCLUSIVE, INCLUSIVE_DAY_END
from services.scoring.domain.regimes.labels import labels
from services.scoring.domain.rulebook.rulebook import Materiality
from tests.fakes.story import Story
from tests.fakes.units import day
from tests.vectors.table import Vector

# as of, elapsed (EXCLUSIVE), by day ends (INCLUSIVE), class
TABLE = (
    ("2023-03-31", "0", "1", "SMA-0"),
    ("2023-04-29", "29", "30", "SMA-0"),
    ("2023-04-30", "30", "31", "SMA-1"),
    ("2023-05-29", "59", "60", "SMA-1"),
    ("2023-05-30", "60", "61", "SMA-2"),
    ("2023-06-28", "89", "90", "SMA-2"),
    ("2023-06-29", "90", "91", "NPA"),
    ("2023-06-30", "91", "92", "NPA"),
)
MATERIAL = (
    (8000, 90, "RETAIL", "no"),
    (8000, 120, "RETAIL", "yes"),
    (50000, 400, "RETAIL", "no"),
    (50000, 600, "RETAIL", "yes"),
    (30000, 450, "SME", "no"),
    (30000, 520, "SME", "yes"),
)


@cache
def unpaid(as_of: str) -> Story:
    """Return the borrower of the table after the close of the day."""
    story = Story(start="2023-03-01")
    story.loan(1000)
    story.schedule(("2023-03-31", 1000))
    return story.close_through(as_of)


def counted(as_of: str, convention: int) -> str:
    """Return the loan's days by a convention."""
    story = unpaid(as_of)
    return str(loan_days(story.borrower.loans[0], day(as_of), story.rules.tolerance, convention))


def indian_class(as_of: str) -> str:
    """Return the class shown after the close of the day, by day end."""
    story = unpaid(as_of)
    return str(labels_of(story)["rbi"])


def labels_of(story: Story) -> dict[str, str | bool]:
    """Return the regime labels of the last closed day."""
    return labels(story.borrower, story.rules, story.borrower.counters.closed_day)


def regulatory(as_of: str) -> str:
    """Return the obligor's regulatory count after the close of the day."""
    return str(unpaid(as_of).borrower.counters.regulatory_days)


def is_default(as_of: str) -> str:
    """Return whether more than 90 days make a default."""
    story = unpaid(as_of)
    label, state = labels_of(story)["eu_default"], story.assessments[-1].state
    return {(True, "DEFAULT"): "yes", (False, "HIGH_RISK"): "no"}.get((bool(label), state), state)


def threshold(segment: str) -> int:
    """Return the absolute threshold in cents."""
    absolute = Materiality().absolute_minor(segment, "EUR", None, 0)
    assert absolute is not None
    return absolute


def material(exposure: int, arrears: int, segment: str) -> str:
    """Return whether arrears in whole euros are material."""
    is_so = Materiality().is_material(threshold(segment), arrears * 100, exposure * 100)
    return "yes" if is_so else "no"


_COUNTS = (
    row
    for as_of, elapsed, by_day_end, label in TABLE
    for row in (
        (f"{as_of}, days elapsed (EXCLUSIVE)", elapsed, partial(counted, as_of, EXCLUSIVE)),
        (f"{as_of}, INCLUSIVE", by_day_end, partial(counted, as_of, INCLUSIVE_DAY_END)),
        (f"{as_of}, RBI class", label, partial(indian_class, as_of)),
    )
)
_REGULATORY = (
    ("2023-03-31, material day closes: due today is not past due", "0", "2023-03-31"),
    ("2023-04-01, the first material day close (11.13)", "1", "2023-04-01"),
    ("2023-06-29, one close before more than 90", "90", "2023-06-29"),
    ("2023-06-30, more than 90 for the first time (11.13)", "91", "2023-06-30"),
)
VECTORS = (
    *(Vector("4.4 Rule 5: days and classes, due 2023-03-31", *row) for row in _COUNTS),
    *(
        Vector("4.4 Rule 6: the regulatory count", given, expected, partial(regulatory, as_of))
        for given, expected, as_of in _REGULATORY
    ),
    *(
        Vector("4.4 Rule 6: the regulatory count", f"{as_of}, default", expected, find)
        for as_of, expected, find in (
            ("2023-06-29", "no", partial(is_default, "2023-06-29")),
            ("2023-06-30", "yes", partial(is_default, "2023-06-30")),
        )
    ),
    *(
        Vector(
            "4.4 Rule 6: materiality",
            f"exposure {exposure}, arrears {arrears}, {segment}",
            expected,
            partial(material, exposure, arrears, segment),
        )
        for exposure, arrears, segment, expected in MATERIAL
    ),
)
