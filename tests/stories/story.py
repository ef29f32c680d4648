"""How a story is written down: its happenings by date, and what must come out of them.

A story is a function that takes a `CreditStory` and is marked with `@story`. `on` begins a date and
gives what happens; `by` closes the days up to a date and states what must be true at that close.
What differs is collected, so that one run shows everything that is wrong.

Must stay true: what is expected is worked out by hand, never copied from a run.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Self

from services.scoring.adapters.narrative.narrative import Narrative, narrate, narrative_text
from services.scoring.domain.assess.assessment import Assessment, Cause, EmittedChanges
from services.scoring.domain.assess.explain import snapshot
from services.scoring.domain.borrower.risk import STATE_NAMES
from services.scoring.domain.indicators.registry import BY_ID
from services.scoring.domain.primitives.measurement import AMBER, MICRO
from services.wording.figures import Figures
from services.wording.messages import Language
from tests.fakes.daily_story import DailyStory
from tests.fakes.units import day, iso, minor

WORSE: Final = STATE_NAMES.index
# What an officer must be able to read, in the words of a language.
Words = Callable[[Figures], str]


def money(amount: float, currency: str = "EUR") -> Words:
    """Return an amount as a language writes it."""
    return lambda figures: figures.money(minor(amount), 2, currency)


def days(number: int) -> Words:
    """Return a number of days as a language writes it."""
    return lambda figures: figures.days(number)


def number(figure: float) -> Words:
    """Return a plain number as a language writes it."""
    return lambda figures: figures.number(round(figure * MICRO))


def on_date(text: str) -> Words:
    """Return a date as a language writes it."""
    return lambda figures: figures.day(day(text))


@dataclass
class Moment:
    """One row of a story.

    Args:
        happened: What happened, in words; empty where nothing did.
        state: What the state must be; empty where nothing is stated.
        got: What it was.
        texts: What an officer reads, by language.
        differences: What differs from what must be.
    """

    date: str
    happened: str
    state: str = ""
    got: str = ""
    must: dict[str, object] = field(default_factory=dict)
    texts: dict[Language, Narrative] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)


class CreditStory(DailyStory):
    """A borrower's story, with what must come out of it."""

    def __init__(self, segment: str, start: str, **profile: str) -> None:
        """Begin with an unknown borrower; `on` and `by` add the moments."""
        self.moments: list[Moment] = []
        cash = float(profile.pop("cash", "0"))
        super().__init__(segment, start, cash=cash, **profile)

    def on(self, text: str, happened: str = "") -> Self:
        """Close every day before the date, and go on on it with what happens."""
        super().on(text)
        if happened:
            self.moments.append(Moment(text, happened))
        return self

    def by(
        self, text: str, must_be: str | tuple[str, ...], happened: str = "", **must: object
    ) -> None:
        """Close the days up to the date; state what must be true then.

        Args:
            text: The date.
            must_be: The state, or the states of which it is one.
            happened: What happened, where `on` did not give it.
            must: ``flags`` that are set and flags that it is ``without``, indicators that are
                ``lit`` (amber or worse), each with blanks between them; what an officer ``reads``
                in every language; the others are labels by regime, several values being
                alternatives.
        """
        self.close_through(text)
        assessment = self.assessed()
        states = (must_be,) if isinstance(must_be, str) else must_be
        moment = self._moment_of(text, happened)
        moment.state, moment.got, moment.must = " or ".join(states), assessment.state, must
        moment.texts = {language: self._narrative(assessment, language) for language in Language}
        if assessment.state not in states:
            moment.differences.append(f"{text}: {moment.state} must be, {assessment.state} is")
        for name, wanted in must.items():
            compare = COMPARISONS.get(name, _label_differences)
            moment.differences += [
                f"{text}: {difference}" for difference in compare(self, moment, name, wanted)
            ]

    def _moment_of(self, text: str, happened: str) -> Moment:
        last = self.moments[-1] if self.moments else None
        if happened or last is None or last.state or last.date > text:
            self.moments.append(Moment(text, happened))
        elif last.date != text:
            self.moments.append(Moment(text, ""))
        return self.moments[-1]

    # What must be true over some time.

    def never(self, state: str, *, since: str = "", until: str = "") -> None:
        """State that the borrower never came into a state this bad between two dates."""
        first, last = day(since or "0001-01-01"), day(until or "9999-12-31")
        for closed, name, _ in self.states:
            if first <= closed <= last and WORSE(name) >= WORSE(state):
                self._differ(f"{iso(closed)}: {name}, though never {state} or worse must be")
                return

    def reached(self, state: str, *, by: str, since: str = "0001-01-01") -> None:
        """State that the borrower came into a state at least this bad by a date."""
        bad = [
            closed
            for closed, name, _ in self.states
            if day(since) <= closed <= day(by) and WORSE(name) >= WORSE(state)
        ]
        if not bad:
            worst = max((name for closed, name, _ in self.states if closed <= day(by)), key=WORSE)
            self._differ(f"{by}: {state} must have been reached, {worst} was the worst")

    def never_eases(self, *, since: str, until: str) -> None:
        """State that the score never fell between two dates."""
        before, first, last = 0, day(since), day(until)
        for closed, _, score in self.states:
            if not first <= closed <= last:
                continue
            if score < before:
                self._differ(
                    f"{iso(closed)}: the score fell from {before / 10_000} to {score / 10_000}"
                )
                return
            before = score

    def has_faded_from(self, score: int) -> None:
        """State that the score is lower than it was."""
        if not self.borrower.risk.shown_score < score:
            self._differ(f"{iso(self.today - 1)}: the score has not fallen from {score / 10_000}")

    def owes_nothing(self) -> None:
        """State that nothing is past due any more."""
        if self.days != (0, 0, 0):
            self._differ(f"{iso(self.today - 1)}: {self.days[0]} days late")

    def has_gap(self, indicator: str, reason: str) -> None:
        """State that an indicator, or any without a name, is unmeasurable for a reason."""
        gaps = self.assessed().unmeasurable
        named_gaps = [gap for gap in gaps if gap.indicator.startswith(indicator)]
        if not any(gap.reason.startswith(reason) for gap in named_gaps):
            named = indicator or "nothing"
            self._differ(f"{iso(self.today - 1)}: {named} is not unmeasurable for {reason}")

    def is_lit(self, indicator: str, *, since: str, until: str) -> None:
        """State that nothing ended a signal between two dates: it is lit now, since then."""
        closed, slot = self.borrower.counters.closed_day, BY_ID[indicator].slot
        level, began = self.borrower.signals.level[slot], self.borrower.signals.since[slot]
        if level < AMBER or began > day(since) or closed < day(until):
            self._differ(f"{iso(closed)}: {indicator} has not been lit since {since}")

    def is_same_as(self, other: "DailyStory", besides: str) -> None:
        """State that facts, figures and labels are those of another story."""
        mine, others = self.assessed(), other_assessed(other)
        for name in ("state", "score", "regimes", "flags", "dpd_regulatory"):
            if getattr(mine, name) != getattr(others, name):
                self._differ(
                    f"{iso(self.today - 1)}: {name} is {getattr(mine, name)}, "
                    f"{getattr(others, name)} {besides}"
                )

    def _differ(self, difference: str) -> None:
        if not self.moments:
            self.moments.append(Moment(iso(self.today - 1), ""))
        self.moments[-1].differences.append(difference)

    # What is shown.

    def assessed(self) -> Assessment:
        """Return the whole assessment as of the last closed day."""
        return other_assessed(self)

    def _narrative(self, assessment: Assessment, language: Language) -> Narrative:
        emitted = self.assessments[-1] if self.assessments else None
        return narrate(
            assessment,
            self.borrower,
            self.timeline.context.rules_for(self.borrower),
            language=language,
            last_emitted=emitted and EmittedChanges(emitted.as_of, emitted.changes),
        )

    @property
    def differences(self) -> list[str]:
        """Return everything that differs from what must be."""
        return [text for moment in self.moments for text in moment.differences]


def _flag_differences(story: CreditStory, moment: Moment, name: str, wanted: Any) -> Iterator[str]:
    flags = story.assessed().flags
    for flag in wanted.split():
        if (flag in flags) == (name == "without"):
            yield f"flag {flag} is {'set' if flag in flags else 'missing'}"


def _signal_differences(
    story: CreditStory, moment: Moment, name: str, wanted: Any
) -> Iterator[str]:
    for indicator in wanted.split():
        if story.borrower.signals.level[BY_ID[indicator].slot] < AMBER:
            yield f"{indicator} is not lit"


def _text_differences(story: CreditStory, moment: Moment, name: str, wanted: Any) -> Iterator[str]:
    for language, narrative in moment.texts.items():
        page, figures = narrative_text(narrative), Figures(language)
        for words in wanted:
            text = words if isinstance(words, str) else words(figures)
            if text not in page:
                yield f"{language.value} does not say {text!r}"


def _label_differences(story: CreditStory, moment: Moment, name: str, wanted: Any) -> Iterator[str]:
    label = story.assessed().regimes.get(name)
    allowed = wanted if isinstance(wanted, tuple) else (wanted,)
    if label not in allowed:
        yield f"{name} {' or '.join(map(str, allowed))} must be, {label} is"


# Any: each takes the kind of value that its name has in a call of `by`.
COMPARISONS: Final[dict[str, Callable[[CreditStory, Moment, str, Any], Iterator[str]]]] = {
    "flags": _flag_differences,
    "without": _flag_differences,
    "lit": _signal_differences,
    "reads": _text_differences,
}


def other_assessed(story: DailyStory) -> Assessment:
    """Return the whole assessment of a story as of its last closed day."""
    event, borrower = story.log[-1], story.borrower
    return snapshot(
        borrower,
        story.timeline.context.rules_for(borrower),
        borrower.counters.closed_day,
        event.at_us,
        Cause(event.source, event.id, "day.closed.v1"),
    )


Script = Callable[[CreditStory], None]


@dataclass(frozen=True)
class WrittenStory:
    """One story, with its place on the page.

    Args:
        section: The section of the credit judgement that it shows.
        title: Its title.
        about: One paragraph about what happens.
        differs: What it gives today, where that is not what must be; empty when it passes.
    """

    name: str
    section: int
    title: str
    about: str
    script: Script
    segment: str
    start: str
    profile: tuple[tuple[str, str], ...]
    differs: str


STORIES: Final[list[WrittenStory]] = []


def story(
    section: int,
    title: str,
    *,
    segment: str = "SME",
    start: str = "2024-01-01",
    differs: str = "",
    **profile: str,
) -> Callable[[Script], Script]:
    """Mark a function as a story about a borrower of a segment; its docstring is the paragraph."""

    def written(script: Script) -> Script:
        STORIES.append(
            WrittenStory(
                name=script.__name__,
                section=section,
                title=title,
                about=" ".join((script.__doc__ or "").split()),
                script=script,
                segment=segment,
                start=start,
                profile=tuple(profile.items()),
                differs=differs,
            )
        )
        return script

    return written


@cache
def played(written: WrittenStory) -> CreditStory:
    """Return a story after its last day."""
    borrower = CreditStory(written.segment, written.start, **dict(written.profile))
    written.script(borrower)
    return borrower
