"""The score of section 3.6: the worked example step by step, and lone signals."""

from functools import cache, partial

from services.scoring.adapters.rulebook_reader import load_rulebook
from services.scoring.domain.assess import score
from services.scoring.domain.assess.evaluate import SignalChanges, judge
from services.scoring.domain.borrower.risk import Signals, slot_of
from services.scoring.domain.primitives.measurement import (
    Measurement,
    measured,
    measured_components,
)
from services.scoring.domain.rulebook.rulebook import ACCOUNT, FAMILIES, REPAYMENT, STATEMENT, Rules
from tests.vectors.table import MICRO, Vector

SECTION = "3.6 From indicators to a score"
DAY = 739_000
WORKED_EXAMPLE = {
    "R-03": measured_components([2 * MICRO, 2 * MICRO]),
    "A-01": measured_components([400_000, None]),
    "A-04": measured(200_000),
    "F-02": measured(-300_000),
    "F-09": measured_components([1_500_000, -200_000]),
}


@cache
def rules() -> Rules:
    """Return the reference rulebook's rules for a small firm."""
    return load_rulebook("reference").rules_for("SME")


def signals_of(measurements: dict[str, Measurement]) -> Signals:
    """Return the signals of these measurements and no others."""
    signals = Signals()
    for indicator_id, measurement in measurements.items():
        rule = rules().by_slot[slot_of(indicator_id)]
        assert rule is not None
        judge(signals, rule, measurement, DAY, SignalChanges())
    return signals


def contribution(indicator_id: str) -> int:
    """Return an indicator's contribution in the worked example."""
    return signals_of(WORKED_EXAMPLE).contribution[slot_of(indicator_id)]


def family(which: int) -> int:
    """Return a family's score in the worked example."""
    return score.family_score(signals_of(WORKED_EXAMPLE), rules(), which)


def points(measurements: dict[str, Measurement]) -> int:
    """Return the score in points, micro."""
    signals = signals_of(measurements)
    families = [score.family_score(signals, rules(), each) for each in range(FAMILIES)]
    return score.combined(families) * 100


def share(indicator_id: str) -> int:
    """Return an indicator's share of the worked example's score, in points, micro."""
    signals = signals_of(WORKED_EXAMPLE)
    shares = score.shares(signals, rules(), points(WORKED_EXAMPLE) // 100)
    return next(share.points_micro for share in shares if share.slot == slot_of(indicator_id))


LONE_RED = {"A-01": measured_components([450_000, None])}
LONE_AMBER = {"A-01": measured_components([200_000, None])}
_ROWS = (
    ("R-03 amber: .25 x .4", "0.10", partial(contribution, "R-03")),
    ("A-01 red", "0.40", partial(contribution, "A-01")),
    ("A-04 amber: .35 x .4", "0.14", partial(contribution, "A-04")),
    ("F-02 red", "0.30", partial(contribution, "F-02")),
    ("F-09 amber: .25 x .4", "0.10", partial(contribution, "F-09")),
    ("family REPAYMENT", "0.1000", partial(family, REPAYMENT)),
    ("family ACCOUNT: 1 - .60 x .86", "0.4840", partial(family, ACCOUNT)),
    ("family STATEMENT: 1 - .70 x .90", "0.3700", partial(family, STATEMENT)),
    ("score: 100 x (1 - .90 x .516 x .63)", "70.7", partial(points, WORKED_EXAMPLE)),
    ("share of A-01 (11.8)", "29.40", partial(share, "A-01")),
    ("share of F-02 (11.8)", "20.53", partial(share, "F-02")),
    ("share of A-04 (11.8)", "8.68", partial(share, "A-04")),
    ("share of R-03 (11.8)", "6.06", partial(share, "R-03")),
    ("share of F-09 (11.8)", "6.06", partial(share, "F-09")),
    ("a lone red A-01", "40.0", partial(points, LONE_RED)),
    ("a lone amber A-01", "16.0", partial(points, LONE_AMBER)),
    ("R-01 at 31 days, alone (11.10)", "55.0", partial(points, {"R-01": measured(31 * MICRO)})),
)
VECTORS = tuple(Vector(SECTION, *row) for row in _ROWS)
