"""Sentences about single signals: what is measured, against which thresholds, since when.

Called by `story`. Every indicator has a name and one sentence per figure in the catalogues.
"""

from services.scoring.adapters.narrative.catalogues import Messages
from services.scoring.adapters.narrative.figures import Figures
from services.scoring.domain.assess.assessment import Contributor
from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.indicators.registry import BY_ID
from services.scoring.domain.primitives.measurement import LEVEL_NAMES, Unit
from services.scoring.domain.rulebook.rulebook import Component, Rules
from services.scoring.domain.rulebook.thresholds import ComponentRule


class SignalSentences:
    """Writes about signals in one language, as one set of rules judges them."""

    def __init__(self, messages: Messages, figures: Figures, rules: Rules) -> None:
        self._messages = messages
        self._figures = figures
        self._rules = rules

    def name(self, indicator: str) -> str:
        """Return the name of an indicator."""
        return self._messages.say(f"indicator.{indicator}.name")

    def level(self, level: str) -> str:
        """Return the name of a level."""
        return self._messages.say(f"level.{level}")

    def sentence(self, one: Contributor, score: int) -> str:
        """Return what is measured, then level, thresholds, own usual figure, since when, share."""
        component, judged = self._arm(one)
        said = self._messages.say(
            f"indicator.{one.indicator}.{component.name}",
            value=self._figures.value(one.value, component.unit),
        )
        facts = [self._messages.say("signal.level", level=self.level(LEVEL_NAMES[one.level]))]
        facts += self._thresholds(judged, component.unit)
        facts += self._history(one)
        facts += self._weight(one, score)
        if one.evidence:
            events = ", ".join(one.evidence)
            facts.append(self._messages.say("signal.evidence", events=events))
        separator = self._messages.say("list.separator")
        return self._messages.say("signal.detail", sentence=said, facts=separator.join(facts))

    def way_to_green(self, one: Contributor) -> str:
        """Return what the figure must be for the signal to go out."""
        component, judged = self._arm(one)
        mildest = (judged.amber or judged.red or judged.hard) if judged is not None else None
        if mildest is None or component.unit is Unit.FLAG:
            return self._messages.say(
                "better.signal_yes_no", name=self.name(one.indicator), indicator=one.indicator
            )
        return self._messages.say(
            "better.signal",
            name=self.name(one.indicator),
            indicator=one.indicator,
            threshold=self._figures.beyond_harm(mildest, component.unit),
            value=self._figures.value(one.value, component.unit),
        )

    def gap(self, indicator: str, reason: str) -> str:
        """Return why an indicator could not be measured."""
        key = f"gap.{reason}"
        said = self._messages.say(key if self._messages.has(key) else "gap.none")
        return self._messages.say(
            "gap.sentence", name=self.name(indicator), indicator=indicator, reason=said
        )

    def _arm(self, one: Contributor) -> tuple[Component, ComponentRule | None]:
        """Return the declared figure that decided, and how the rulebook judges it."""
        components = BY_ID[one.indicator].components
        position = next(
            place for place, component in enumerate(components) if component.label == one.figure
        )
        rule = self._rules.by_slot[slot_of(one.indicator)]
        return components[position], rule.components[position] if rule is not None else None

    def _thresholds(self, judged: ComponentRule | None, unit: Unit) -> list[str]:
        if judged is None or unit is Unit.FLAG:
            return []
        named = (("amber", judged.amber), ("red", judged.red), ("hard", judged.hard))
        return [
            self._messages.say(f"signal.{name}", threshold=self._figures.threshold(threshold, unit))
            for name, threshold in named
            if threshold is not None
        ]

    def _history(self, one: Contributor) -> list[str]:
        found = []
        if one.baseline is not None:
            # In the unit of the first figure; of points, that of the share they are added to.
            unit = BY_ID[one.indicator].components[0].unit
            usual = self._figures.value(one.baseline, Unit.RATIO if unit is Unit.POINTS else unit)
            found.append(self._messages.say("signal.baseline", baseline=usual))
        if one.since:
            found.append(self._messages.say("signal.since", date=self._figures.day(one.since)))
        return found

    def _weight(self, one: Contributor, score: int) -> list[str]:
        if not one.share:
            return [self._messages.say("signal.note")]
        found = [
            self._messages.say(
                "signal.share",
                points=self._figures.points(one.share),
                score=self._figures.points(score * 100),
            )
        ]
        if one.also:
            names = self._messages.say("list.names").join(
                f"{self.name(each.indicator)} ({each.indicator})" for each in one.also
            )
            found.append(self._messages.say("signal.same_fact", indicators=names))
        return found
