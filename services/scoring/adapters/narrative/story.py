"""A judgement told in whole sentences: where the borrower stands, why, since when, what next.

Called for `GET /v1/borrowers/{id}/explanation?language=` and `tocsin score --explain`. A pure
function of the assessment, the rules and what was told last; nothing is decided here.
"""

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from services.contracts.currencies import decimals_of
from services.scoring.adapters.narrative.catalogues import Language, Messages, messages_in
from services.scoring.adapters.narrative.figures import Figures
from services.scoring.adapters.narrative.rules import RuleSentences
from services.scoring.adapters.narrative.signals import SignalSentences
from services.scoring.domain.assess.assessment import Assessment, EmittedChanges
from services.scoring.domain.assess.outlook import outlook
from services.scoring.domain.assess.states import ALL_LOANS_ENDED, LENT_AGAIN
from services.scoring.domain.borrower.borrower import Borrower, Change
from services.scoring.domain.borrower.risk import STATE_NAMES
from services.scoring.domain.primitives.measurement import LEVEL_NAMES, MICRO
from services.scoring.domain.rulebook.rulebook import Rules

# How `entry_rules.rule_id_of` names a decision of people.
DECISION = "decision:"
OWN_MOVES = {ALL_LOANS_ENDED: "transition.closed", LENT_AGAIN: "transition.reopened"}


@dataclass(frozen=True, slots=True)
class SignalText:
    """One signal in words."""

    indicator: str
    name: str
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class ConditionText:
    """One condition for getting better, and whether it is met."""

    text: str
    is_met: bool


@dataclass(frozen=True, slots=True)
class Better:
    """What would have to happen: conditions of the state, and what turns each signal green."""

    text: str
    to: str | None
    conditions: list[ConditionText] = field(default_factory=list)
    signals: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed with the assessment told last, and since."""

    text: str
    as_of: int | None
    changes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Story:
    """The whole explanation in one language."""

    language: Language
    summary: list[str]
    why: list[str]
    signals: list[SignalText]
    unmeasurable: list[str]
    changes: Changes
    better: Better
    worse: str | None


def story(
    assessment: Assessment,
    borrower: Borrower,
    rules: Rules,
    *,
    language: Language,
    told: EmittedChanges | None,
) -> Story:
    """Return the judgement in words."""
    return _Teller(assessment, borrower, rules, language).tell(told)


class _Teller:
    def __init__(
        self, assessment: Assessment, borrower: Borrower, rules: Rules, language: Language
    ) -> None:
        self._assessment = assessment
        self._borrower = borrower
        self._rules = rules
        self._language = language
        self._messages: Messages = messages_in(language)
        self._figures = Figures(language)
        self._signals = SignalSentences(self._messages, self._figures, rules)
        self._states = RuleSentences(self._messages, self._figures, rules, borrower.signals)

    def tell(self, told: EmittedChanges | None) -> Story:
        one = self._assessment
        return Story(
            language=self._language,
            summary=self._summary(),
            why=self._why(),
            signals=[
                SignalText(
                    indicator=each.indicator,
                    name=self._signals.name(each.indicator),
                    level=LEVEL_NAMES[each.level],
                    text=self._signals.sentence(each, one.score),
                )
                for each in one.contributors
            ],
            unmeasurable=[self._signals.gap(*gap) for gap in one.unmeasurable],
            changes=self._changes(told),
            better=self._better(),
            worse=self._states.worse(one.distance_to_next),
        )

    def _summary(self) -> list[str]:
        one, say, figures = self._assessment, self._messages.say, self._figures
        found = [
            say(
                "summary.state",
                borrower=one.borrower_id,
                state=self._states.state(one.state),
                date=figures.day(one.state_since),
            ),
            say(
                "summary.score",
                score=figures.points(one.score * 100),
                completeness=figures.share(one.completeness),
            ),
        ]
        if one.low_confidence:
            found.append(say("summary.low_confidence"))
        return [*found, *self._money(), self._source()]

    def _money(self) -> list[str]:
        one, say, figures = self._assessment, self._messages.say, self._figures
        money = one.position
        if not money.currency:
            return []
        decimals = decimals_of(money.currency)
        found = [say("summary.no_past_due")]
        if money.past_due:
            found = [
                say(
                    "summary.past_due",
                    amount=figures.money(money.past_due, decimals, money.currency),
                    days=figures.days(one.dpd_operational),
                    regulatory=figures.days(one.dpd_regulatory),
                )
            ]
        if money.next_due_day is not None:
            amount = figures.money(money.next_due_amount, decimals, money.currency)
            found.append(
                say("summary.next_due", amount=amount, date=figures.day(money.next_due_day))
            )
        return found

    def _source(self) -> str:
        one = self._assessment
        return self._messages.say(
            "summary.as_of",
            date=self._figures.day(one.as_of),
            rulebook=one.rulebook,
            version=one.rulebook_version,
        )

    def _why(self) -> list[str]:
        return [self._rule(rule_id) for rule_id in self._assessment.trigger_rule_ids]

    def _rule(self, rule_id: str) -> str:
        policy, say, state = self._rules.policy, self._messages.say, self._states.state
        for entry in policy.entries:
            if entry.id == rule_id:
                return say(
                    "transition.entered",
                    state=state(STATE_NAMES[entry.to]),
                    conditions=self._states.entry(entry),
                )
        for way_out in policy.exits:
            if way_out.id == rule_id:
                return say(
                    "transition.relaxed",
                    before=state(STATE_NAMES[way_out.source]),
                    state=state(STATE_NAMES[way_out.to]),
                )
        now = state(self._assessment.state)
        if rule_id.startswith(DECISION):
            return say("transition.decided", state=now, decision=rule_id.removeprefix(DECISION))
        if rule_id in OWN_MOVES:
            return say(OWN_MOVES[rule_id], state=now)
        return say("transition.unknown", state=now, rule=rule_id)

    def _changes(self, told: EmittedChanges | None) -> Changes:
        say = self._messages.say
        if told is None:
            return Changes(say("change.none"), None)
        found = [self._change(change) for change in told.changes]
        risk = self._borrower.risk
        if risk.score != risk.emitted.score:
            scores = (self._figures.points(each * 100) for each in (risk.emitted.score, risk.score))
            before, after = scores
            found.append(say("change.score_since", before=before, after=after))
        if not found:
            found.append(say("change.nothing"))
        return Changes(say("change.since", date=self._figures.day(told.as_of)), told.as_of, found)

    def _change(self, change: Change) -> str:
        say = self._messages.say
        before, after = change.before or "", change.after or ""
        if change.kind == "STATE":
            state = self._states.state
            return say("change.STATE", before=state(before), after=state(after))
        if change.kind == "LEVEL" and change.indicator is not None:
            return say(
                "change.LEVEL",
                name=self._signals.name(change.indicator),
                indicator=change.indicator,
                before=self._signals.level(before),
                after=self._signals.level(after),
            )
        if change.kind == "SCORE":
            return self._score_change(before, after)
        return self._other_change(change.kind, before, after)

    def _other_change(self, kind: str, before: str, after: str) -> str:
        say = self._messages.say
        if kind == "LOST_GROUND":
            return say("change.LOST_GROUND", rule=before)
        if kind == "FLAG":
            key = "change.FLAG_SET" if after else "change.FLAG_CLEARED"
            return say(key, flag=say(f"flag.{after or before}"))
        if kind == "REFUSED":
            return say("change.REFUSED", before=before, reason=say(f"refusal.{after}"))
        if kind == "EXPIRED":
            return say("change.EXPIRED", before=before)
        if kind == "DECIDED":
            return say("change.DECIDED", before=before, after=after)
        return say("change.OTHER", kind=kind, before=before, after=after)

    def _score_change(self, before: str, after: str) -> str:
        first, second = _micro(before), _micro(after)
        key = "change.SCORE_UP" if second > first else "change.SCORE_DOWN"
        return self._messages.say(
            key, before=self._figures.points(first), after=self._figures.points(second)
        )

    def _better(self) -> Better:
        found = outlook(self._borrower, self._rules, self._assessment.as_of)
        return Better(
            text=self._states.better_title(found),
            to=STATE_NAMES[found.to] if found.to is not None else None,
            conditions=[
                ConditionText(
                    self._states.better(condition, found, self._assessment.score), condition.is_met
                )
                for condition in found.conditions
            ],
            signals=[
                self._signals.way_to_green(each)
                for each in self._assessment.contributors
                if each.level
            ],
        )


def _micro(text: str) -> int:
    try:
        return int(Decimal(text) * MICRO)
    except InvalidOperation:
        return 0
