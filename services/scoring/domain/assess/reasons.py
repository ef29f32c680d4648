"""Records which tests were true when the state changed, with their figures, subjects and evidence.

Called by `step` right after a transition, on the signals that led to it. Must stay true: it decides
nothing; a test is recorded exactly where `entry_rules` found it true, and nothing of a record is
derived again later.
"""

from dataclasses import replace
from typing import Final

from services.scoring.domain.assess.entry_rules import cut_for, is_true, scored_at
from services.scoring.domain.assess.states import Transition
from services.scoring.domain.borrower.borrower import REASONS_PART, AssessmentChange, Borrower
from services.scoring.domain.borrower.reasons import (
    CONDITION,
    DECISION,
    FAMILIES,
    FAMILY_RUN,
    FLAG,
    REDS,
    SCORE,
    SIGNAL,
    RecordedTest,
    StateMark,
    Subject,
)
from services.scoring.domain.borrower.risk import FLAG_NAMES, FORBORNE, STATE_NAMES, Signals
from services.scoring.domain.indicators.subjects import conceded_loans
from services.scoring.domain.primitives.measurement import (
    AMBER,
    HARD,
    LEVEL_NAMES,
    MEASURED,
    RED,
    Unit,
)
from services.scoring.domain.rulebook import rulebook as catalogue
from services.scoring.domain.rulebook.policy import EntryRule
from services.scoring.domain.rulebook.rulebook import About, IndicatorRule, Rules
from services.scoring.domain.rulebook.thresholds import Threshold

LEVELS: Final = 4
MOST_TESTS: Final = 12
MOST_SUBJECTS: Final = 3
MOST_REFS: Final = 3
# How many causes of a score are recorded.
MOST_CAUSES: Final = 3


def subjects_of(rule: IndicatorRule, borrower: Borrower, as_of: int, rules: Rules) -> list[Subject]:
    """Return what a signal is about, the worst first; empty where it is about no one thing."""
    evidence = rule.indicator.evidence
    return evidence.subjects(borrower, as_of, rules) if isinstance(evidence, About) else []


def evidence_of(
    rule: IndicatorRule, borrower: Borrower, as_of: int, subjects: list[Subject]
) -> list[str]:
    """Return the references of the events behind a signal, each once."""
    evidence = rule.indicator.evidence
    if isinstance(evidence, About):
        return list(dict.fromkeys(ref for subject in subjects for ref in subject.refs))
    return evidence(borrower, as_of) if evidence is not None else []


def component_of(signals: Signals, slot: int) -> int:
    """Return the component that decided; of an unmeasurable signal, the one with the fallback."""
    return signals.detail[slot] if signals.status[slot] == MEASURED else 0


def record(borrower: Borrower, rules: Rules, transition: Transition, as_of: int) -> None:
    """Store with the borrower's risk which tests led to the transition."""
    recorder = _Recorder(borrower, rules, as_of)
    tests: list[RecordedTest] = [
        RecordedTest(
            rule_id=transition.rule_ids[0],
            kind=CONDITION,
            code=condition.code,
            value=condition.now,
            threshold=condition.needed,
        )
        for condition in transition.conditions
    ]
    by_id = {rule.id: rule for rule in rules.policy.entries}
    for rule_id in transition.rule_ids:
        entry = by_id.get(rule_id)
        if entry is not None:
            tests += recorder.of_rule(entry)
    if transition.decision_id:
        tests.append(_decided(borrower, transition))
    borrower.state_tests = tests[:MOST_TESTS]
    borrower.state_mark = StateMark(
        borrower.risk.shown_score, borrower.risk.flags, lit_levels(borrower.signals)
    )
    borrower.changed |= REASONS_PART


def lit_levels(signals: Signals) -> list[int]:
    """Return the signals at amber or worse as slot x 4 + level."""
    return [slot * LEVELS + level for slot, level in enumerate(signals.level) if level]


def changes_since_state(borrower: Borrower, rules: Rules) -> list[AssessmentChange]:
    """Return which flags and levels differ from those right after the last change of state."""
    mark, now = borrower.state_mark, borrower.signals.level
    before = {code // LEVELS: code % LEVELS for code in mark.lit}
    changes = flag_changes(mark.flags, borrower.risk.flags)
    return changes + [
        AssessmentChange(
            "LEVEL",
            rule.indicator.id,
            LEVEL_NAMES[before.get(rule.slot, 0)],
            LEVEL_NAMES[now[rule.slot]],
        )
        for rule in rules.indicators
        if before.get(rule.slot, 0) != now[rule.slot]
    ]


def _decided(borrower: Borrower, transition: Transition) -> RecordedTest:
    """Return the decision behind a transition; one that is used up has no reference any more."""
    decisions = borrower.decisions.overrides
    return RecordedTest(
        rule_id=transition.rule_ids[-1],
        kind=DECISION,
        code=transition.decision_id,
        refs=[each.ref for each in decisions if each.override_id == transition.decision_id],
    )


def flag_changes(before: int, after: int) -> list[AssessmentChange]:
    """Return which flags were set and which were cleared."""
    changes = []
    for bit, name in enumerate(FLAG_NAMES):
        was, is_set = before >> bit & 1, after >> bit & 1
        if was != is_set:
            changes.append(
                AssessmentChange("FLAG", None, name if was else None, name if is_set else None)
            )
    return changes


class _Recorder:
    """Forms the tests of rules on the signals as they are now."""

    def __init__(self, borrower: Borrower, rules: Rules, as_of: int) -> None:
        self.borrower = borrower
        self.rules = rules
        self.as_of = as_of

    def of_rule(self, entry: EntryRule) -> list[RecordedTest]:
        """Return the true tests of an entry rule."""
        signals = self.borrower.signals
        tests = [
            self._signal(entry, rule, test.threshold)
            for test in entry.tests
            if is_true(test, signals) and (rule := self.rules.by_slot[test.slot]) is not None
        ]
        tests += self._flags(entry)
        tests += self._counted(entry)
        named = {test.code for test in tests}
        return tests + [
            self._signal(entry, rule, None)
            for rule in self._causes(entry)
            if rule.indicator.id not in named
        ]

    def _counted(self, entry: EntryRule) -> list[RecordedTest]:
        """Return what the rule requires of the score and of how many signals are lit."""
        risk, cuts = self.borrower.risk, self.rules.cuts
        tests = []
        if entry.score:
            tests.append(
                self._figure(
                    entry, SCORE, STATE_NAMES[entry.to], risk.shown_score, cut_for(entry.to, cuts)
                )
            )
        for level, needed in ((AMBER, entry.amber_families), (RED, entry.red_families)):
            if needed:
                families = {rule.indicator.family for rule in self._lit(level)}
                name = LEVEL_NAMES[level]
                tests.append(self._figure(entry, FAMILIES, name, len(families), needed))
        if entry.reds:
            reds = len(self._lit(RED))
            tests.append(self._figure(entry, REDS, LEVEL_NAMES[RED], reds, entry.reds))
        return tests + self._family_runs(entry)

    def _family_runs(self, entry: EntryRule) -> list[RecordedTest]:
        risk, cuts = self.borrower.risk, self.rules.cuts
        if not entry.family_cut:
            return []
        return [
            replace(
                self._figure(
                    entry,
                    FAMILY_RUN,
                    catalogue.FAMILY_NAMES[family],
                    risk.families[family],
                    cuts.family,
                ),
                days=days,
            )
            for family, days in enumerate(risk.family_days)
            if days >= cuts.family_days
        ]

    def _figure(
        self, entry: EntryRule, kind: int, code: str, value: int, threshold: int
    ) -> RecordedTest:
        return RecordedTest(
            rule_id=entry.id,
            kind=kind,
            code=code,
            value=value,
            operator=">=",
            threshold=threshold,
        )

    def _flags(self, entry: EntryRule) -> list[RecordedTest]:
        mask = (entry.flags | entry.all_flags) & self.borrower.risk.flags
        return [
            RecordedTest(
                rule_id=entry.id,
                kind=FLAG,
                code=name,
                subjects=self._conceded() if 1 << bit == FORBORNE else [],
                refs=self._decisions(1 << bit),
            )
            for bit, name in enumerate(FLAG_NAMES)
            if mask >> bit & 1
        ]

    def _conceded(self) -> list[Subject]:
        return self._shortened(conceded_loans(self.borrower, self.as_of, self.rules))

    def _decisions(self, flag: int) -> list[str]:
        """Return the decisions in force that set the flag."""
        decisions = self.borrower.decisions.in_force(self.as_of)
        return [each.ref for each in decisions if each.flags & flag][:MOST_REFS]

    def _causes(self, entry: EntryRule) -> list[IndicatorRule]:
        """Return the signals behind what is counted: the strongest of each family, the reds."""
        if entry.family_cut:
            runs = self.borrower.risk.family_days
            at_cut = [
                rule
                for rule in self._strongest()
                if runs[rule.indicator.family] >= self.rules.cuts.family_days
            ]
            return at_cut[:MOST_CAUSES]
        causes = self._lit(RED) if entry.reds or entry.red_families else []
        if entry.amber_families:
            lit = {rule.slot for rule in self._lit(AMBER)}
            families: dict[int, IndicatorRule] = {}
            for rule in self._strongest():
                if rule.slot in lit:
                    families.setdefault(rule.indicator.family, rule)
            causes = list(families.values())
        return causes or (self._strongest()[:MOST_CAUSES] if entry.score else [])

    def _strongest(self) -> list[IndicatorRule]:
        """Return the strongest signal of each correlation group, the strongest first."""
        contribution = self.borrower.signals.contribution
        scoring = [rule for rule in self.rules.indicators if contribution[rule.slot]]
        groups: dict[tuple[int, str], IndicatorRule] = {}
        for rule in sorted(scoring, key=lambda rule: (-contribution[rule.slot], rule.slot)):
            groups.setdefault((rule.indicator.family, rule.group), rule)
        return list(groups.values())

    def _lit(self, level: int) -> list[IndicatorRule]:
        return scored_at(self.borrower.signals, self.rules, level)

    def _signal(
        self, entry: EntryRule, rule: IndicatorRule, threshold: Threshold | None
    ) -> RecordedTest:
        signals, slot = self.borrower.signals, rule.slot
        position = component_of(signals, slot)
        reached = threshold or self._reached(rule, position, signals.level[slot])
        subjects = self._shortened(subjects_of(rule, self.borrower, self.as_of, self.rules))
        test = RecordedTest(
            rule_id=entry.id,
            kind=SIGNAL,
            code=rule.indicator.id,
            component=position,
            level=signals.level[slot],
            value=signals.value[slot],
            subjects=subjects,
        )
        if reached is not None and rule.indicator.components[position].unit is not Unit.FLAG:
            test.operator, test.threshold = reached.operator, reached.value
        if not subjects:
            test.refs = evidence_of(rule, self.borrower, self.as_of, [])[:MOST_REFS]
        return test

    def _reached(self, rule: IndicatorRule, position: int, level: int) -> Threshold | None:
        """Return the threshold of the level; of a green signal that scores, amber's."""
        judged = rule.components[position]
        if judged is None:
            return None
        by_level = (judged.amber, judged.amber, judged.red, judged.hard)
        return by_level[min(level, HARD)] or judged.red or judged.amber

    def _shortened(self, subjects: list[Subject]) -> list[Subject]:
        return [
            replace(subject, refs=subject.refs[:MOST_REFS]) for subject in subjects[:MOST_SUBJECTS]
        ]
