"""Sentences about rules and signals in one language.

Must stay true: entry rules are worded from their conditions, not from their ids, so that a rulebook
with thresholds or rules of its own is described as it is.
"""

from services.scoring.adapters.assessment_json import UNIT_NAMES
from services.scoring.domain.assess.assessment import Contributor, Unmeasured
from services.scoring.domain.assess.entry_rules import cut_for, is_true
from services.scoring.domain.assess.outlook import Condition, NearTrigger, Outlook
from services.scoring.domain.borrower.risk import (
    DEFAULT,
    FLAG_NAMES,
    NORMAL,
    STATE_NAMES,
    Signals,
    slot_of,
)
from services.scoring.domain.indicators.registry import BY_ID
from services.scoring.domain.primitives.measurement import LEVEL_NAMES, Unit
from services.scoring.domain.rulebook.policy import EntryRule, SignalTest
from services.scoring.domain.rulebook.rulebook import Component, Rules
from services.scoring.domain.rulebook.thresholds import ComponentRule, Threshold
from services.wording.figures import Figures


class RuleSentences:
    """Writes about the rules of the state machine: why in, and how out."""

    def __init__(self, figures: Figures, rules: Rules, signals: Signals) -> None:
        self._text = figures.messages.text
        self._figures = figures
        self._rules = rules
        self._signals = signals

    def state(self, name: str) -> str:
        """Returns the name of a state."""
        return self._text(f"state.{name}")

    def entry(self, rule: EntryRule) -> str:
        """Returns the conditions of an entry rule, as one clause."""
        clauses = self._counted(rule)
        if rule.tests:
            clauses.append(self._tests(rule))
        for mask, conjunction in ((rule.flags, "list.or"), (rule.all_flags, "list.and")):
            if mask:
                flags = [name for bit, name in enumerate(FLAG_NAMES) if mask >> bit & 1]
                names = [self._text(f"flag.{name}") for name in flags]
                clauses.append(self._text(conjunction).join(names))
        return self._text("list.and").join(clauses) or rule.text

    def _counted(self, rule: EntryRule) -> list[str]:
        text, count, cuts = self._text, self._figures.count, self._rules.cuts
        clauses = []
        if rule.score:
            clauses.append(text("condition.score", cut=self.cut(cut_for(rule.to, cuts))))
        if rule.amber_families:
            clauses.append(text("condition.amber_families", count=count(rule.amber_families)))
        if rule.reds == 1:
            clauses.append(text("condition.reds_one"))
        elif rule.reds:
            clauses.append(text("condition.reds", count=count(rule.reds)))
        if rule.red_families:
            clauses.append(text("condition.red_families", count=count(rule.red_families)))
        if rule.family_cut:
            family = self._figures.number(cuts.family)
            clauses.append(text("condition.family_cut", cut=family, days=count(cuts.family_days)))
        return clauses

    def cut(self, micro: int) -> str:
        """Returns a score cut as it is written in a rulebook: 25, 17.5."""
        return self._figures.number(micro * 100)

    def _tests(self, rule: EntryRule) -> str:
        """Returns the tests; where one is enough, only those that are true now, if any is."""
        true_now = [test for test in rule.tests if is_true(test, self._signals)]
        if rule.tests_needed == 1:
            tests = [self._test(test) for test in true_now or rule.tests]
            return self._text("list.and" if true_now else "list.or").join(tests)
        return self._text(
            "condition.several",
            count=self._figures.count(rule.tests_needed),
            conditions=self._text("list.separator").join(map(self._test, rule.tests)),
        )

    def _test(self, test: SignalTest) -> str:
        name = indicator_name(self._figures, test.indicator)
        if test.threshold is None:
            level = self._text(f"level.{LEVEL_NAMES[test.level]}")
            return self._text(
                "condition.signal_level", name=name, indicator=test.indicator, level=level
            )
        threshold = limit(self._figures, test.threshold, test.unit)
        return self._text(
            "condition.signal_value", name=name, indicator=test.indicator, threshold=threshold
        )

    def better_title(self, outlook: Outlook) -> str:
        """Returns the state that can follow, and whether a person must approve."""
        if outlook.state == NORMAL:
            return self._text("better.lowest")
        if outlook.to is None:
            return self._text("better.no_exit", state=self.state(STATE_NAMES[outlook.state]))
        key = "better.automatic" if outlook.is_automatic else "better.approved"
        return self._text(key, state=self.state(STATE_NAMES[outlook.to]))

    def better(self, condition: Condition, outlook: Outlook, score: int) -> str:
        """Returns one condition for a better state, with its progress."""
        if condition.code == "rule_true":
            if not outlook.bouncing:
                return self._text("better.rules_quiet")
            rules = map(self.entry, outlook.bouncing)
            return self._text("better.rule_true", rule=self._text("list.separator").join(rules))
        if condition.code == "cure_period" and condition.figure == DEFAULT:
            return self._text("better.no_default")
        return self._text(
            f"better.{condition.code}",
            **self._progress(condition),
            score=self._figures.points(score * 100),
            cut=self.cut(condition.figure),
        )

    def _progress(self, condition: Condition) -> dict[str, str]:
        figures = self._figures
        if condition.unit is Unit.DAYS:
            return {"needed": figures.days(condition.needed), "run": figures.days(condition.now)}
        if condition.unit is Unit.MONTHS:
            return {"needed": figures.months(condition.needed), "run": figures.days(condition.now)}
        if condition.unit is Unit.RATIO:
            return {"needed": figures.share(condition.needed), "now": figures.share(condition.now)}
        now = figures.count(condition.now)
        return {
            "needed": figures.count(condition.needed),
            "run": now,
            "now": now,
            "count": now,
            "window": figures.days(condition.figure),
        }

    def worse(self, distance: tuple[str, int] | None) -> str | None:
        """Returns the distance to the next worse state by score."""
        if distance is None:
            return None
        state, missing = distance
        if missing <= 0:
            return self._text("worse.reached", state=self.state(state))
        points = self._figures.number(missing * 100)
        return self._text("worse.distance", points=points, state=self.state(state))


class SignalSentences:
    """Writes about single signals: what is measured, against which thresholds, since when."""

    def __init__(self, figures: Figures, rules: Rules) -> None:
        self._text = figures.messages.text
        self._figures = figures
        self._rules = rules

    def name(self, indicator: str) -> str:
        """Returns the name of an indicator."""
        return indicator_name(self._figures, indicator)

    def level(self, level: str) -> str:
        """Returns the name of a level."""
        return self._text(f"level.{level}")

    def sentence(self, signal: Contributor, score: int) -> str:
        """Returns the measured figure, then level, thresholds, baseline, since when, share."""
        component, rule = self._component(signal)
        measured = self._text(
            f"indicator.{signal.indicator}.{component.name}",
            value=self._figures.value(signal.value, UNIT_NAMES[component.unit]),
        )
        facts = [self._text("signal.level", level=self.level(LEVEL_NAMES[signal.level]))]
        facts += self._thresholds(rule, component.unit)
        facts += self._history(signal)
        facts += self._share(signal, score)
        if signal.evidence:
            facts.append(self._text("signal.evidence", events=", ".join(signal.evidence)))
        joined = self._text("list.separator").join(facts)
        return self._text("signal.detail", sentence=measured, facts=joined)

    def way_to_green(self, signal: Contributor) -> str:
        """Returns the figure at which the signal turns green."""
        component, rule = self._component(signal)
        name = self.name(signal.indicator)
        mildest = (rule.amber or rule.red or rule.hard) if rule is not None else None
        if mildest is None or component.unit is Unit.FLAG:
            return self._text("better.signal_yes_no", name=name, indicator=signal.indicator)
        return self._text(
            "better.signal",
            name=name,
            indicator=signal.indicator,
            threshold=self._figures.beyond_harm(
                mildest.operator, mildest.value, UNIT_NAMES[component.unit]
            ),
            value=self._figures.value(signal.value, UNIT_NAMES[component.unit]),
        )

    def near(self, trigger: NearTrigger) -> str:
        """Returns in how many days a figure that goes on as it does is at its next level."""
        return self._text(
            "worse.near",
            name=self.name(trigger.indicator),
            indicator=trigger.indicator,
            level=self.level(LEVEL_NAMES[trigger.level]),
            days=self._figures.days(trigger.days),
        )

    def gap(self, gap: Unmeasured) -> str:
        """Returns why an indicator could not be measured, and what the rules go by instead."""
        reason = f"gap.{gap.reason}"
        key = reason if self._figures.messages.has(reason) else "gap.none"
        sentence = self._text(
            "gap.sentence",
            name=self.name(gap.indicator),
            indicator=gap.indicator,
            reason=self._text(key),
        )
        if gap.fallback is None:
            return sentence
        figure = self._figures.value(gap.fallback, UNIT_NAMES[gap.unit])
        return self._text("gap.fallback", sentence=sentence, figure=figure)

    def _component(self, signal: Contributor) -> tuple[Component, ComponentRule | None]:
        """Returns the component that decided, and its rule."""
        components = BY_ID[signal.indicator].components
        position = next(
            index for index, component in enumerate(components) if component.label == signal.figure
        )
        rule = self._rules.by_slot[slot_of(signal.indicator)]
        return components[position], rule.components[position] if rule is not None else None

    def _thresholds(self, rule: ComponentRule | None, unit: Unit) -> list[str]:
        if rule is None or unit is Unit.FLAG:
            return []
        by_level = (("amber", rule.amber), ("red", rule.red), ("hard", rule.hard))
        return [
            self._text(f"signal.{level}", threshold=limit(self._figures, threshold, unit))
            for level, threshold in by_level
            if threshold is not None
        ]

    def _history(self, signal: Contributor) -> list[str]:
        facts = []
        if signal.baseline is not None:
            # In the unit of the first component; for points, in that of the share they add to.
            unit = BY_ID[signal.indicator].components[0].unit
            unit = Unit.RATIO if unit is Unit.POINTS else unit
            baseline = self._figures.value(signal.baseline, UNIT_NAMES[unit])
            facts.append(self._text("signal.baseline", baseline=baseline))
        if signal.since:
            facts.append(self._text("signal.since", date=self._figures.day(signal.since)))
        return facts

    def _share(self, signal: Contributor, score: int) -> list[str]:
        if not signal.share:
            return [self._text("signal.note")]
        points, total = self._figures.points(signal.share), self._figures.points(score * 100)
        facts = [self._text("signal.share", points=points, score=total)]
        if signal.also:
            names = self._text("list.names").join(
                f"{self.name(other.indicator)} ({other.indicator})" for other in signal.also
            )
            facts.append(self._text("signal.same_fact", indicators=names))
        return facts


def indicator_name(figures: Figures, indicator: str) -> str:
    """Returns the name of an indicator."""
    return figures.messages.indicator_name(indicator, BY_ID[indicator].name)


def limit(figures: Figures, threshold: Threshold, unit: Unit) -> str:
    """Returns a threshold in words."""
    return figures.threshold(threshold.operator, threshold.value, UNIT_NAMES[unit])
