"""The chart of a borrower's score over the last days: coordinates for an inline SVG.

A score is valid until the next assessment, so the line runs in steps. Below it a strip shows the
state of each day; a dashed line shows the cut of a state. Everything is in view-box units, so the
page needs neither a script nor a style attribute.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.alerts.decisions.application.read_models import ScorePoint
from services.alerts.entrypoints.pages.words import PageWords

WIDTH, HEIGHT = 420, 176
LEFT, RIGHT, TOP, FLOOR = 26, 10, 10, 132
STRIP_TOP, STRIP_HEIGHT = 138, 10
_TICKS = 4

Scale = Callable[[date], float]


@dataclass(frozen=True, slots=True)
class AxisLabel:
    """A label on one of the axes."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class StateSpan:
    """A stretch of the state strip."""

    x: float
    width: float
    state: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The coordinates that the template draws."""

    line: str
    area: str
    levels: tuple[AxisLabel, ...]
    cuts: tuple[AxisLabel, ...]
    dates: tuple[AxisLabel, ...]
    spans: tuple[StateSpan, ...]
    end: tuple[float, float]
    summary: str


def drawn(
    points: Sequence[ScorePoint],
    words: PageWords,
    *,
    until: date,
    days: int,
    cuts: Mapping[str, float],
) -> Chart | None:
    """Returns the chart of the scores; None when there is nothing to draw."""
    begin = until - timedelta(days=days)
    shown = _inside(sorted(points, key=lambda point: point.as_of), begin=begin, until=until)
    if not shown:
        return None

    def x(day: date) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (day - begin).days / days, 1)

    line = _steps(shown, x=x, until=until)
    first, last = shown[0], shown[-1]
    return Chart(
        line="M" + " L".join(f"{px} {py}" for px, py in line),
        area=(
            f"M{line[0][0]} {FLOOR} L"
            + " L".join(f"{px} {py}" for px, py in line)
            + f" L{line[-1][0]} {FLOOR} Z"
        ),
        levels=tuple(AxisLabel(_y(level), str(level)) for level in (0, 50, 100)),
        cuts=tuple(AxisLabel(_y(cut), words.label("state", state)) for state, cut in cuts.items()),
        dates=_dates(words, begin=begin, days=days, x=x),
        spans=_spans(shown, words, x=x, until=until),
        end=line[-1],
        summary=words.text(
            "chart",
            first=words.figures.count(round(first.score)),
            first_day=words.day(first.as_of),
            last=words.figures.count(round(last.score)),
            last_day=words.day(until),
        ),
    )


def _inside(points: Sequence[ScorePoint], *, begin: date, until: date) -> list[ScorePoint]:
    """Returns the points of the window; an earlier score is shown from its edge."""
    before = [point for point in points if point.as_of < begin]
    inside = [point for point in points if begin <= point.as_of <= until]
    if before and (not inside or inside[0].as_of > begin):
        edge = ScorePoint(as_of=begin, score=before[-1].score, state=before[-1].state)
        inside.insert(0, edge)
    return inside


def _steps(points: Sequence[ScorePoint], *, x: Scale, until: date) -> list[tuple[float, float]]:
    line = [(x(points[0].as_of), _y(points[0].score))]
    for point in points[1:]:
        line.append((x(point.as_of), line[-1][1]))
        line.append((x(point.as_of), _y(point.score)))
    line.append((x(until), line[-1][1]))
    return line


def _spans(
    points: Sequence[ScorePoint], words: PageWords, *, x: Scale, until: date
) -> tuple[StateSpan, ...]:
    turns = [
        point
        for number, point in enumerate(points)
        if number == 0 or point.state is not points[number - 1].state
    ]
    ends = [x(point.as_of) for point in turns[1:]] + [x(until)]
    return tuple(
        StateSpan(
            x(turn.as_of),
            round(max(end - x(turn.as_of), 1.5), 1),
            turn.state,
            words.label("state", turn.state),
        )
        for turn, end in zip(turns, ends, strict=True)
    )


def _dates(words: PageWords, *, begin: date, days: int, x: Scale) -> tuple[AxisLabel, ...]:
    ticks = [begin + timedelta(days=days * number // (_TICKS - 1)) for number in range(_TICKS)]
    return tuple(AxisLabel(x(tick), words.figures.short_day(tick.toordinal())) for tick in ticks)


def _y(score: float) -> float:
    return round(FLOOR - (FLOOR - TOP) * max(0.0, min(100.0, score)) / 100, 1)
