"""Sentences about the rules of the state machine: why in, and how out.

Called by `story`. Must stay true: entry rules are put into words from their conditions, not from
their ids, so a rulebook with thresholds or rules of its own is told as it stands.
"""

from services.scoring.adapters.narrative.catalogues import Messages
from services.scoring.adapters.narrative.figures import Figures
from services.scoring.domain.assess.entry_rules import cut_for, is_true
from services.scoring.domain.assess.outlook import Condition, Outlook
from services.scoring.domain.borrower.risk import DEFAULT, FLAG_NAMES, NORMAL, STATE_NAMES, Signals
from services.scoring.domain.primitives.measurement import LEVEL_NAMES, Unit
from services.scoring.domain.rulebook.policy import EntryRule, SignalTest
from services.scoring.domain.rulebook.rulebook import Rules


class RuleSentences:
    """Writes about rules in one language."""

    def __init__(
        self, messages: Messages, figures: Figures, rules: Rules, signals: Signals
    ) -> None:
        self._messages = messages
        self._figures = figures
        self._rules = rules
        self._signals = signals

    def state(self, name: str) -> str:
        """Return the name of a state."""
        return self._messages.say(f"state.{name}")

    def entry(self, rule: EntryRule) -> str:
        """Return what an entry rule asks for, as one clause."""
        found = self._counted(rule)
        if rule.tests:
            found.append(self._tests(rule))
        for mask, joined in ((rule.flags, "list.or"), (rule.all_flags, "list.and")):
            if mask:
                flags = [name for bit, name in enumerate(FLAG_NAMES) if mask >> bit & 1]
                names = [self._messages.say(f"flag.{name}") for name in flags]
                found.append(self._messages.say(joined).join(names))
        return self._messages.say("list.and").join(found) or rule.text

    def _counted(self, rule: EntryRule) -> list[str]:
        say, count = self._messages.say, self._figures.count
        cuts = self._rules.cuts
        found = []
        if rule.score:
            found.append(say("condition.score", cut=self.cut(cut_for(rule.to, cuts))))
        if rule.amber_families:
            found.append(say("condition.amber_families", count=count(rule.amber_families)))
        if rule.reds == 1:
            found.append(say("condition.reds_one"))
        elif rule.reds:
            found.append(say("condition.reds", count=count(rule.reds)))
        if rule.red_families:
            found.append(say("condition.red_families", count=count(rule.red_families)))
        if rule.family_cut:
            family = self._figures.number(cuts.family)
            found.append(say("condition.family_cut", cut=family, days=count(cuts.family_days)))
        return found

    def cut(self, micro: int) -> str:
        """Return a score cut as it is written in a rulebook: 25, 17.5."""
        return self._figures.number(micro * 100)

    def _tests(self, rule: EntryRule) -> str:
        """Return the tests; of those of which one is enough, only what is true now, if any is."""
        true_now = [test for test in rule.tests if is_true(test, self._signals)]
        if rule.tests_needed == 1:
            one_of = [self._test(test) for test in true_now or rule.tests]
            return self._messages.say("list.and" if true_now else "list.or").join(one_of)
        tests = [self._test(test) for test in rule.tests]
        return self._messages.say(
            "condition.several",
            count=self._figures.count(rule.tests_needed),
            conditions=self._messages.say("list.separator").join(tests),
        )

    def _test(self, test: SignalTest) -> str:
        name = self._messages.say(f"indicator.{test.indicator}.name")
        if test.threshold is None:
            level = self._messages.say(f"level.{LEVEL_NAMES[test.level]}")
            return self._messages.say(
                "condition.signal_level", name=name, indicator=test.indicator, level=level
            )
        shown = self._figures.threshold(test.threshold, test.unit)
        return self._messages.say(
            "condition.signal_value", name=name, indicator=test.indicator, threshold=shown
        )

    def better_title(self, found: Outlook) -> str:
        """Return what the state can ease to, and whether a person must approve."""
        if found.state == NORMAL:
            return self._messages.say("better.lowest")
        if found.to is None:
            return self._messages.say("better.no_exit", state=self.state(STATE_NAMES[found.state]))
        key = "better.automatic" if found.is_automatic else "better.approved"
        return self._messages.say(key, state=self.state(STATE_NAMES[found.to]))

    def better(self, condition: Condition, found: Outlook, score: int) -> str:
        """Return one condition for easing the state, and how far it has come."""
        if condition.code == "rule_true":
            if not found.bouncing:
                return self._messages.say("better.rules_quiet")
            rules = [self.entry(rule) for rule in found.bouncing]
            said = self._messages.say("list.separator").join(rules)
            return self._messages.say("better.rule_true", rule=said)
        if condition.code == "cure_period" and condition.figure == DEFAULT:
            return self._messages.say("better.no_default")
        shown = self._progress(condition)
        shown["score"] = self._figures.points(score * 100)
        shown["cut"] = self.cut(condition.figure)
        return self._messages.say(f"better.{condition.code}", **shown)

    def _progress(self, condition: Condition) -> dict[str, str]:
        figures = self._figures
        if condition.unit is Unit.DAYS:
            return {"needed": figures.days(condition.needed), "run": figures.days(condition.now)}
        if condition.unit is Unit.MONTHS:
            return {"needed": figures.months(condition.needed), "run": figures.days(condition.now)}
        if condition.unit is Unit.RATIO:
            return {"needed": figures.share(condition.needed), "now": figures.share(condition.now)}
        number = figures.count(condition.now)
        return {
            "needed": figures.count(condition.needed),
            "run": number,
            "now": number,
            "count": number,
            "window": figures.days(condition.figure),
        }

    def worse(self, following: tuple[str, int] | None) -> str | None:
        """Return how far the next worse state is by score."""
        if following is None:
            return None
        state, missing = following
        if missing <= 0:
            return self._messages.say("worse.reached", state=self.state(state))
        points = self._figures.number(missing * 100)
        return self._messages.say("worse.distance", points=points, state=self.state(state))
