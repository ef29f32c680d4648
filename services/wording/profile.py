"""The five factors, what is measured good and the tasks of people, from an assessment.

Used by explanations and by the messages and pages of alerts.
"""

from collections.abc import Sequence
from typing import Final

from services.contracts.assessment import FactorV1, PositiveV1, TaskV1
from services.wording.figures import MICRO, Figures
from services.wording.reasons import ReasonSentences, micro

# Written as its opposite: money that fell by -14 % is 14 % above the usual.
MIRRORED: Final = {"<": ">", "<=": ">="}


class ProfileSentences:
    """Writes factors, positives and tasks in one language."""

    def __init__(self, figures: Figures, *, names_parties: bool) -> None:
        self._figures = figures
        self._text = figures.messages.text
        self._reasons = ReasonSentences(figures, names_parties=names_parties)

    def factors(self, factors: Sequence[FactorV1]) -> list[str]:
        """Returns one sentence a factor."""
        return [self._factor(factor) for factor in factors]

    def positives(self, positives: Sequence[PositiveV1]) -> list[str]:
        """Returns what is measured good, with what makes it good."""
        return [self._positive(positive) for positive in positives]

    def tasks(self, tasks: Sequence[TaskV1]) -> list[str]:
        """Returns what waits for a person."""
        return [
            self._text(
                f"task.{task.code}",
                subjects=self._text("list.separator").join(
                    self._reasons.subject(subject) for subject in task.subjects
                ),
            )
            for task in tasks
        ]

    def _factor(self, profile: FactorV1) -> str:
        key, name = "quiet", ""
        if profile.level is None:
            key = "not_applicable" if profile.measured is None else "unmeasured"
        elif profile.indicator is not None:
            key = "lit" if profile.share else "note"
            declared = profile.name or profile.indicator
            name = self._figures.messages.indicator_name(profile.indicator, declared)
        return self._text(
            f"profile.{key}",
            factor=self._text(f"factor.{profile.factor}"),
            level=self._text(f"level.{profile.level or 'GREEN'}"),
            name=name,
            points=self._figures.points(round(profile.share * MICRO)),
            measured=self._figures.share(round((profile.measured or 0) * MICRO)),
        )

    def _positive(self, positive: PositiveV1) -> str:
        operator, _, limit = positive.good.partition(" ")
        value, threshold, unit = micro(positive.value), micro(limit), positive.unit
        if operator in MIRRORED and threshold <= 0:
            operator, threshold = MIRRORED[operator], -threshold
            value = abs(value)
        key = f"positive.{positive.indicator}.{positive.component}"
        sentence = self._text(key, value=self._figures.value(value, unit))
        if unit == "count" and not threshold:
            return sentence
        shown = self._figures.threshold(operator, threshold, unit)
        good = self._text("signal.good", threshold=shown)
        return self._text("positive.whole", sentence=sentence.rstrip(".。"), good=good)
