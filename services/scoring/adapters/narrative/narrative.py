"""An assessment in whole sentences: the state, why, since when, and what changes it.

Called for `GET /v1/borrowers/{id}/explanation?language=` and `tocsin score --explain`. A pure
function of the assessment, the rules and the last emitted assessment; nothing is decided here.
"""

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Final

import msgspec

from services.contracts.assessment import FactorV1, PositiveV1, StateTestV1, TaskV1
from services.contracts.currencies import decimals_of
from services.scoring.adapters.assessment_json import (
    recorded_test,
    shown_day,
    shown_factor,
    shown_positive,
    shown_task,
)
from services.scoring.adapters.narrative.sentences import RuleSentences, SignalSentences
from services.scoring.domain.arrears.days_past_due import arrears_of
from services.scoring.domain.assess.assessment import Assessment, EmittedChanges
from services.scoring.domain.assess.outlook import near_triggers, outlook
from services.scoring.domain.assess.reasons import changes_since_state
from services.scoring.domain.assess.worsening import COUNTING
from services.scoring.domain.borrower.borrower import AssessmentChange, Borrower
from services.scoring.domain.borrower.risk import STATE_NAMES
from services.scoring.domain.primitives.measurement import LEVEL_NAMES, RED
from services.scoring.domain.rulebook.rulebook import Rules
from services.wording.figures import Figures
from services.wording.messages import Language, messages_in
from services.wording.outlook import Unpaid, unpaid_sentence
from services.wording.profile import ProfileSentences
from services.wording.reasons import ReasonSentences, StateReasons

# What people did, or a correction, which no figure shows.
DECISIONS: Final = frozenset({"LOST_GROUND", "REFUSED", "EXPIRED", "DECIDED"})
# How many figures on their way to red are named.
MOST_NEAR: Final = 3


@dataclass(frozen=True, slots=True)
class SignalNarrative:
    """One signal in words."""

    indicator: str
    name: str
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class ConditionNarrative:
    """One condition for a better state, and whether it is met."""

    text: str
    met: bool


@dataclass(frozen=True, slots=True)
class OutlookNarrative:
    """The conditions for a better state, and what turns each signal green."""

    text: str
    to: str | None
    conditions: list[ConditionNarrative] = field(default_factory=list)
    signals: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ChangesNarrative:
    """What changed since the state did, or since the first event of a borrower that never moved."""

    text: str
    as_of: int
    changes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Narrative:
    """The whole explanation in one language."""

    language: Language
    summary: list[str]
    why: StateReasons
    signals: list[SignalNarrative]
    unmeasurable: list[str]
    changes: ChangesNarrative
    better: OutlookNarrative
    worse: list[str]
    factors: list[str]
    positives: list[str]
    tasks: list[str]


def narrate(
    assessment: Assessment,
    borrower: Borrower,
    rules: Rules,
    *,
    language: Language,
    last_emitted: EmittedChanges | None,
    names_parties: bool = True,
) -> Narrative:
    """Returns the assessment in words; another customer is named only if the reader may know it."""
    narrator = _Narrator(assessment, borrower, rules, language, names_parties=names_parties)
    return narrator.narrate(last_emitted)


def narrative_json(narrative: Narrative) -> dict[str, Any]:
    """Returns the narrative as a JSON object."""
    fields = asdict(narrative)
    fields["changes"]["as_of"] = shown_day(narrative.changes.as_of)
    return fields | {"language": narrative.language.value}


def narrative_text(narrative: Narrative) -> str:
    """Returns the narrative as paragraphs with headings, line feed included."""
    text = messages_in(narrative.language).text
    gap = "" if narrative.language is Language.CHINESE else " "
    signals = [f"{each.indicator} {each.name}: {each.text}" for each in narrative.signals]
    conditions = [
        f"[{text('better.met' if each.met else 'better.open')}] {each.text}"
        for each in narrative.better.conditions
    ]
    lines = [gap.join(narrative.summary)]
    for heading, first, rest in (
        ("why", narrative.why.text, narrative.why.tests),
        ("signals", "", signals or [text("signal.nothing")]),
        ("tasks", "", narrative.tasks),
        ("positives", "", narrative.positives),
        ("factors", "", narrative.factors),
        ("gaps", "", narrative.unmeasurable),
        ("changes", narrative.changes.text, narrative.changes.changes),
        ("better", narrative.better.text, [*conditions, *narrative.better.signals]),
        ("worse", "", narrative.worse),
    ):
        if first or rest:
            lines += ["", text(f"heading.{heading}")]
            lines += [first] if first else []
            lines += [f"- {line}" for line in rest]
    return "\n".join(lines) + "\n"


class _Narrator:
    def __init__(
        self,
        assessment: Assessment,
        borrower: Borrower,
        rules: Rules,
        language: Language,
        *,
        names_parties: bool,
    ) -> None:
        self._assessment = assessment
        self._borrower = borrower
        self._rules = rules
        self._figures = Figures(language)
        self._text = self._figures.messages.text
        self._signals = SignalSentences(self._figures, rules)
        self._states = RuleSentences(self._figures, rules, borrower.signals)
        self._reasons = ReasonSentences(self._figures, names_parties=names_parties)
        self._profile = ProfileSentences(self._figures, names_parties=names_parties)
        self._language = language

    def narrate(self, last_emitted: EmittedChanges | None) -> Narrative:
        assessment = self._assessment
        return Narrative(
            language=self._language,
            summary=self._summary(),
            why=self._why(),
            signals=[
                SignalNarrative(
                    indicator=signal.indicator,
                    name=self._signals.name(signal.indicator),
                    level=LEVEL_NAMES[signal.level],
                    text=self._signals.sentence(signal, assessment.score),
                )
                for signal in assessment.contributors
            ],
            unmeasurable=[self._signals.gap(gap) for gap in assessment.unmeasurable],
            changes=self._changes(last_emitted),
            better=self._better(),
            worse=self._worse(),
            factors=self._profile.factors(
                msgspec.convert([shown_factor(each) for each in assessment.factors], list[FactorV1])
            ),
            positives=self._profile.positives(
                msgspec.convert(
                    [shown_positive(each) for each in assessment.positives], list[PositiveV1]
                )
            ),
            tasks=self._profile.tasks(
                msgspec.convert([shown_task(each) for each in assessment.tasks], list[TaskV1])
            ),
        )

    def _summary(self) -> list[str]:
        assessment, text, figures = self._assessment, self._text, self._figures
        sentences = [
            text(
                "summary.state",
                borrower=assessment.borrower_id,
                state=self._states.state(assessment.state),
                date=figures.day(assessment.state_since),
            ),
            text(
                "summary.score",
                score=figures.points(assessment.score * 100),
                completeness=figures.share(assessment.completeness),
            ),
        ]
        if assessment.low_confidence:
            sentences.append(text("summary.low_confidence"))
        source = text(
            "summary.as_of",
            date=figures.day(assessment.as_of),
            rulebook=assessment.rulebook,
            version=assessment.rulebook_version,
        )
        return [*sentences, *self._arrears(), source]

    def _arrears(self) -> list[str]:
        assessment, text, figures = self._assessment, self._text, self._figures
        position = assessment.position
        if not position.currency:
            return []
        decimals = decimals_of(position.currency)
        sentences = [text("summary.no_past_due")]
        if position.past_due:
            sentences = [
                text(
                    "summary.past_due",
                    amount=figures.money(position.past_due, decimals, position.currency),
                    days=figures.days(assessment.dpd_operational),
                    regulatory=figures.days(assessment.dpd_regulatory),
                )
            ]
        if "SMALL_ARREARS" in assessment.flags:
            sentences.append(self._small_arrears())
        if position.next_due_day is not None:
            amount = figures.money(position.next_due_amount, decimals, position.currency)
            day = figures.day(position.next_due_day)
            sentences.append(text("summary.next_due", amount=amount, date=day))
        return sentences

    def _small_arrears(self) -> str:
        """Returns what is open on which loans though it is too little to count as arrears."""
        figures = self._figures
        rows = arrears_of(self._borrower, self._rules.tolerance, self._assessment.as_of)
        small = [
            self._text(
                "summary.small_of",
                amount=figures.money(row.past_due_minor, decimals_of(row.currency), row.currency),
                loan=row.name,
                days=figures.days(row.days_in_arrears),
            )
            for row in rows
            if row.days_in_arrears and row.past_due_minor
        ]
        names = self._text("list.names").join(small)
        return self._text("summary.small_arrears", open=names)

    def _why(self) -> StateReasons:
        """Returns why the state was entered, from what was recorded then."""
        assessment = self._assessment
        tests = msgspec.convert(
            [recorded_test(test) for test in assessment.tests], list[StateTestV1]
        )
        return self._reasons.reasons(
            assessment.state,
            date.fromordinal(assessment.state_since),
            assessment.trigger_rule_ids,
            tests,
        )

    def _changes(self, last_emitted: EmittedChanges | None) -> ChangesNarrative:
        """Returns what changed since the state did, and what was decided at the last assessment."""
        text, points = self._text, self._figures.points
        assessment, borrower = self._assessment, self._borrower
        changes = [self._change(change) for change in changes_since_state(borrower, self._rules)]
        if borrower.state_mark.score != assessment.score:
            before, after = points(borrower.state_mark.score * 100), points(assessment.score * 100)
            is_up = assessment.score > borrower.state_mark.score
            key = "change.SCORE_UP" if is_up else "change.SCORE_DOWN"
            changes.append(text(key, before=before, after=after))
        if last_emitted is not None:
            decided = [each for each in last_emitted.changes if each.kind in DECISIONS]
            changes += [self._change(change) for change in decided]
        if not changes:
            changes.append(text("change.nothing"))
        key = "change.since" if assessment.trigger_rule_ids else "change.since_first"
        title = text(key, date=self._figures.day(assessment.state_since))
        return ChangesNarrative(title, assessment.state_since, changes)

    def _change(self, change: AssessmentChange) -> str:
        text = self._text
        before, after = change.before or "", change.after or ""
        if change.kind == "LEVEL" and change.indicator is not None:
            return text(
                "change.LEVEL",
                name=self._signals.name(change.indicator),
                indicator=change.indicator,
                before=self._signals.level(before),
                after=self._signals.level(after),
            )
        return self._other_change(change.kind, before, after)

    def _other_change(self, kind: str, before: str, after: str) -> str:
        text = self._text
        if kind == "FLAG":
            key = "change.FLAG_SET" if after else "change.FLAG_CLEARED"
            return text(key, flag=text(f"flag.{after or before}"))
        if kind in ("REFUSED", "CORRECTION_REFUSED"):
            return text(f"change.{kind}", before=before, reason=text(f"refusal.{after}"))
        return text(f"change.{kind}", before=before, after=after)

    def _worse(self) -> list[str]:
        """Returns the days and amounts to a worse state, the figures that go there, the score."""
        assessment, figures = self._assessment, self._figures
        currency = assessment.position.currency
        sentences = [
            unpaid_sentence(
                figures,
                Unpaid(
                    state=STATE_NAMES[step.state],
                    days=step.days,
                    amount=figures.money(step.minor, decimals_of(currency), currency),
                    due=step.due_day,
                ),
            )
            for step in assessment.worsening
        ]
        near = near_triggers(self._borrower, self._rules, assessment.as_of)
        moving = [
            trigger
            for trigger in near
            if trigger.days > 0 and trigger.level >= RED and trigger.indicator not in COUNTING
        ]
        sentences += [self._signals.near(trigger) for trigger in moving[:MOST_NEAR]]
        by_score = self._states.worse(assessment.distance_to_next)
        return [*sentences, by_score] if by_score else sentences

    def _better(self) -> OutlookNarrative:
        assessment = self._assessment
        following = outlook(self._borrower, self._rules, assessment.as_of)
        return OutlookNarrative(
            text=self._states.better_title(following),
            to=STATE_NAMES[following.to] if following.to is not None else None,
            conditions=[
                ConditionNarrative(
                    self._states.better(condition, following, assessment.score), condition.is_met
                )
                for condition in following.conditions
            ],
            signals=[
                self._signals.way_to_green(signal)
                for signal in assessment.contributors
                if signal.level
            ],
        )
