"""Makes the rows that a model is trained on, or checked for drift with, from assessments."""

from collections.abc import Iterable
from dataclasses import dataclass

from lab.model_training.scorecard import Case
from services.cli.assessment_files import Detailed
from services.cli.errors import CommandError
from services.cli.outcome_files import Outcomes
from services.scoring.domain.primitives.dates import is_month_end

DAY_CLOSED = "day.closed"


class Assessed(Detailed):
    """An assessment with the rulebook that made it."""

    rulebook: str = ""
    rulebook_version: str = ""


@dataclass(frozen=True, slots=True)
class Cases:
    """The rows, the rulebook of their intensities, and their last day."""

    rows: list[Case]
    rulebook: str
    rulebook_version: str
    last_day: str


def cases_of(
    rows: Iterable[Assessed], outcomes: Outcomes, horizon_days: int, until: int | None = None
) -> Cases:
    """Return the rows with their outcome within the horizon.

    ``until`` is the last day of which outcomes are known: a row whose horizon ends later is left
    out, because its borrower may still fail.

    Raises:
        CommandError: If they come from more than one rulebook, or there are none.
    """
    cases: list[Case] = []
    rulebooks: set[tuple[str, str]] = set()
    last_day = ""
    for row in rows:
        event, day = outcomes[row.borrower_id].event, row.as_of.toordinal()
        if until is not None and day + horizon_days > until:
            continue
        rulebooks.add((row.rulebook, row.rulebook_version))
        last_day = max(last_day, row.as_of.isoformat())
        cases.append(
            Case(
                borrower_id=row.borrower_id,
                segment=row.segment,
                intensities=intensities_of(row),
                score=float(row.score),
                failed=event is not None and event - day <= horizon_days,
                is_month_close=row.cause.startswith(DAY_CLOSED) and is_month_end(day),
            )
        )
    if not cases:
        raise CommandError(
            "No assessment counts.",
            remedy=(
                "Check that the borrower ids agree, and --cause, --skip-first, --part, "
                "--outcomes-until."
            ),
        )
    if len(rulebooks) > 1:
        names = ", ".join(" ".join(title) for title in sorted(rulebooks))
        raise CommandError(
            f"The assessments come from several rulebooks: {names}.",
            remedy="Score the whole history with one.",
        )
    ((rulebook, version),) = rulebooks
    return Cases(cases, rulebook, version, last_day)


def intensities_of(row: Detailed) -> dict[str, float]:
    """Return the intensity of every indicator that was measured and has a weight."""
    return {
        name: float(shown.intensity)
        for name, shown in row.indicators.items()
        if shown.intensity is not None
    }
