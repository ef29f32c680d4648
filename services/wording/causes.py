"""The present causes of a score and what changed, in sentences, from the fields of an assessment.

Used by messages and pages of alerts. A figure is never bare: it has its unit, its thresholds, the
borrower's usual figure where there is one, since when, and what it is about.
"""

from typing import Final

from msgspec import UNSET

from services.contracts.assessment import ContributorV1
from services.wording.figures import Figures
from services.wording.reasons import ReasonSentences, micro

NOT_ABOUT_LEVEL: Final = frozenset({"flag"})


class CauseSentences:
    """Writes contributors in one language."""

    def __init__(self, figures: Figures, *, names_parties: bool) -> None:
        self._figures = figures
        self._text = figures.messages.text
        self._reasons = ReasonSentences(figures, names_parties=names_parties)

    def name(self, cause: ContributorV1) -> str:
        """Returns the name of the indicator."""
        return self._figures.messages.indicator_name(cause.indicator, cause.name)

    def short(self, cause: ContributorV1) -> str:
        """Returns what is measured, short enough for a headline and without a full stop."""
        value = self._value(cause.value, cause.unit)
        key = f"indicator.{cause.indicator}.{cause.component}"
        if cause.component is UNSET or not self._figures.messages.has(key):
            return self._text("cause.plain", name=self.name(cause), value=value)
        return self._text(key, value=value).rstrip(".。")

    def whole(self, cause: ContributorV1) -> str:
        """Returns what is measured with thresholds, usual figure, since when and its subjects."""
        about = self._text("list.separator").join(
            self._reasons.subject(subject) for subject in cause.subjects or []
        )
        sentence = self._text(
            "cause.whole",
            sentence=self.short(cause),
            facts=self._text("list.separator").join(self._facts(cause)),
        )
        return self._text(
            "reason.about" if about else "reason.plain", sentence=sentence, about=about
        )

    def _facts(self, cause: ContributorV1) -> list[str]:
        facts = [self._text("signal.level", level=self._text(f"level.{cause.level}"))]
        if cause.unit not in NOT_ABOUT_LEVEL:
            facts += [
                self._text(f"signal.{level}", threshold=self._reasons.limit(limit, cause.unit))
                for level, limit in (("amber", cause.amber), ("red", cause.red))
                if limit
            ]
        if cause.baseline:
            unit = "ratio" if cause.unit == "points" else cause.unit
            facts.append(self._text("signal.baseline", baseline=self._value(cause.baseline, unit)))
        if cause.since:
            day = self._figures.day(cause.since.toordinal())
            facts.append(self._text("signal.since", date=day))
        return facts

    def _value(self, value: str, unit: str) -> str:
        return self._figures.value(micro(value), unit)
