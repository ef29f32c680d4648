"""An assessment in whole sentences: the state, why, since when, and what changes it.

Called for `GET /v1/borrowers/{id}/explanation?language=` and `tocsin score --explain`. A pure
function of the assessment, the rules and the last emitted assessment; nothing is decided here.
"""

from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from services.contracts.assessment import StateTestV1
from services.contracts.currencies import decimals_of
from services.scoring.adapters.assessment_json import recorded_test, shown_day
from services.scoring.adapters.narrative.sentences import RuleSentences, SignalSentences
from services.scoring.domain.arrears.days_past_due import arrears_of
from services.scoring.domain.assess.assessment import Assessment, EmittedChanges
from services.scoring.domain.assess.outlook import outlook
from services.scoring.domain.borrower.borrower import AssessmentChange, Borrower
from services.scoring.domain.borrower.risk import STATE_NAMES
from services.scoring.domain.primitives.measurement import LEVEL_NAMES, MICRO
from services.scoring.domain.rulebook.rulebook import Rules
from services.wording.figures import Figures
from services.wording.messages import Language, messages_in
from services.wording.reasons import ReasonSentences


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
class WhyNarrative:
    """What the state became and when, and what was true then."""

    text: str
    tests: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ChangesNarrative:
    """The changes of the last emitted assessment, and since."""

    text: str
    as_of: int | None
    changes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Narrative:
    """The whole explanation in one language."""

    language: Language
    summary: list[str]
    why: WhyNarrative
    signals: list[SignalNarrative]
    unmeasurable: list[str]
    changes: ChangesNarrative
    better: OutlookNarrative
    worse: str | None


def narrate(
    assessment: Assessment,
    borrower: Borrower,
    rules: Rules,
    *,
    language: Language,
    last_emitted: EmittedChanges | None,
) -> Narrative:
    """Returns the assessment in words."""
    return _Narrator(assessment, borrower, rules, language).narrate(last_emitted)


def narrative_json(narrative: Narrative) -> dict[str, Any]:
    """Returns the narrative as a JSON object."""
    fields = asdict(narrative)
    as_of = narrative.changes.as_of
    fields["changes"]["as_of"] = None if as_of is None else shown_day(as_of)
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
        ("gaps", "", narrative.unmeasurable),
        ("changes", narrative.changes.text, narrative.changes.changes),
        ("better", narrative.better.text, [*conditions, *narrative.better.signals]),
        ("worse", "", [narrative.worse] if narrative.worse else []),
    ):
        if first or rest:
            lines += ["", text(f"heading.{heading}")]
            lines += [first] if first else []
            lines += [f"- {line}" for line in rest]
    return "\n".join(lines) + "\n"


class _Narrator:
    def __init__(
        self, assessment: Assessment, borrower: Borrower, rules: Rules, language: Language
    ) -> None:
        self._assessment = assessment
        self._borrower = borrower
        self._rules = rules
        self._figures = Figures(language)
        self._text = self._figures.messages.text
        self._signals = SignalSentences(self._figures, rules)
        self._states = RuleSentences(self._figures, rules, borrower.signals)
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
            worse=self._states.worse(assessment.distance_to_next),
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

    def _why(self) -> WhyNarrative:
        """Returns why the state was entered, from what was recorded then."""
        assessment = self._assessment
        if not assessment.trigger_rule_ids:
            return WhyNarrative(self._text("reasons.never"))
        tests = msgspec.convert(
            [recorded_test(test) for test in assessment.tests], list[StateTestV1]
        )
        reasons = ReasonSentences(self._figures, names_parties=True).reasons(
            assessment.state,
            date.fromordinal(assessment.state_since),
            assessment.trigger_rule_ids,
            tests,
        )
        return WhyNarrative(reasons.text, reasons.tests)

    def _changes(self, last_emitted: EmittedChanges | None) -> ChangesNarrative:
        text, points = self._text, self._figures.points
        if last_emitted is None:
            return ChangesNarrative(text("change.none"), None)
        changes = [self._change(change) for change in last_emitted.changes]
        risk = self._borrower.risk
        if risk.score != risk.emitted.score:
            before, after = points(risk.emitted.score * 100), points(risk.score * 100)
            changes.append(text("change.score_since", before=before, after=after))
        if not changes:
            changes.append(text("change.nothing"))
        title = text("change.since", date=self._figures.day(last_emitted.as_of))
        return ChangesNarrative(title, last_emitted.as_of, changes)

    def _change(self, change: AssessmentChange) -> str:
        text = self._text
        before, after = change.before or "", change.after or ""
        if change.kind == "STATE":
            state = self._states.state
            return text("change.STATE", before=state(before), after=state(after))
        if change.kind == "LEVEL" and change.indicator is not None:
            return text(
                "change.LEVEL",
                name=self._signals.name(change.indicator),
                indicator=change.indicator,
                before=self._signals.level(before),
                after=self._signals.level(after),
            )
        if change.kind == "SCORE":
            first, second = _micro(before), _micro(after)
            key = "change.SCORE_UP" if second > first else "change.SCORE_DOWN"
            points = self._figures.points
            return text(key, before=points(first), after=points(second))
        return self._other_change(change.kind, before, after)

    def _other_change(self, kind: str, before: str, after: str) -> str:
        text = self._text
        if kind == "LOST_GROUND":
            return text("change.LOST_GROUND", rule=before)
        if kind == "FLAG":
            key = "change.FLAG_SET" if after else "change.FLAG_CLEARED"
            return text(key, flag=text(f"flag.{after or before}"))
        if kind == "REFUSED":
            return text("change.REFUSED", before=before, reason=text(f"refusal.{after}"))
        if kind == "EXPIRED":
            return text("change.EXPIRED", before=before)
        if kind == "DECIDED":
            return text("change.DECIDED", before=before, after=after)
        return text("change.OTHER", kind=kind, before=before, after=after)

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


def _micro(text: str) -> int:
    try:
        return int(Decimal(text) * MICRO)
    except InvalidOperation:
        return 0
