"""Why a borrower is in its state, in sentences, from the tests that were recorded when it changed.

Used by explanations, messages and pages alike. Must stay true: nothing but the record is read, so
that the text of a past change never changes. Ids are shown; the state of another customer and who
it is are named only where ``names_parties`` is set.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from msgspec import UNSET

from services.contracts.assessment import StateTestV1, SubjectV1
from services.contracts.currencies import decimals_of
from services.wording.figures import MICRO, Figures

LEVELS: Final = ("GREEN", "AMBER", "RED", "HARD")
SYSTEM_RULES: Final = {
    "closed-all-loans-ended": "reasons.closed",
    "closed-with-loss": "reasons.closed_with_loss",
    "reopened-lent-again": "reasons.reopened",
    "reopened-after-loss": "reasons.reopened_after_loss",
    "reopened-end-taken-back": "reasons.end_taken_back",
    "default-taken-back": "reasons.default_taken_back",
    "default-trigger": "reasons.default_trigger",
}


@dataclass(frozen=True, slots=True)
class StateReasons:
    """A sentence that says what the state became and when, and the tests that were true then."""

    text: str
    tests: list[str]


def micro(text: str) -> int:
    """Returns a figure of an event in millionths."""
    return int(Decimal(text) * MICRO)


class ReasonSentences:
    """Writes recorded tests in one language."""

    def __init__(self, figures: Figures, *, names_parties: bool) -> None:
        self._figures = figures
        self._text = figures.messages.text
        self._names_parties = names_parties

    def reasons(
        self, state: str, since: date, rule_ids: Sequence[str], tests: Sequence[StateTestV1]
    ) -> StateReasons:
        """Returns why the borrower entered its present state; without rules it never moved."""
        if not rule_ids:
            return StateReasons(self._text("reasons.never"), [])
        key = "reasons.unrecorded"
        if tests:
            is_eased = any(test.kind == "CONDITION" for test in tests)
            key = "reasons.eased" if is_eased else "reasons.entered"
        for rule_id in rule_ids:
            key = SYSTEM_RULES.get(rule_id, key)
        title = self._text(
            key, state=self._text(f"state.{state}"), date=self._figures.day(since.toordinal())
        )
        return StateReasons(title, self.sentences(tests))

    def sentences(self, tests: Sequence[StateTestV1]) -> list[str]:
        """Returns one sentence a test; what two rules state alike is written once."""
        return list(dict.fromkeys(self._sentence(test, tests) for test in tests))

    def _sentence(self, test: StateTestV1, tests: Sequence[StateTestV1]) -> str:
        if test.kind == "SIGNAL":
            return self._signal(test)
        if test.kind == "FLAG":
            clause = self._text(f"flag.{test.code}")
            return self._whole(clause[:1].upper() + clause[1:], "", test.subjects)
        if test.kind == "DECISION":
            return self._text("reason.DECISION", decision=test.code)
        if test.kind == "CONDITION":
            return self._condition(test)
        return self._counted(test, tests)

    def _signal(self, test: StateTestV1) -> str:
        """Returns what was measured, the limit that it passed, and what it was about."""
        figure = micro(test.value or "0")
        value = self._figures.value(figure, test.unit or "number")
        key = f"indicator.{test.code}.{test.component}"
        sentence = self._text(key, value=value)
        limit = ""
        if test.threshold is not UNSET:
            limit = self._text("reason.limit", threshold=self._threshold(test))
        return self._whole(sentence, limit, test.subjects)

    def _threshold(self, test: StateTestV1) -> str:
        return self.limit(str(test.threshold), test.unit or "number")

    def limit(self, threshold: str, unit: str) -> str:
        """Returns a threshold of an event, such as ``> 30``, in words."""
        operator, _, figure = threshold.partition(" ")
        return self._figures.threshold(operator, micro(figure), unit)

    def _counted(self, test: StateTestV1, tests: Sequence[StateTestV1]) -> str:
        """Returns a score, a number of signals, or a family at its cut."""
        families = self._families(test, tests)
        needed = micro(str(test.threshold).partition(" ")[2])
        return self._text(
            f"reason.{test.kind}" if test.kind != "FAMILIES" else f"reason.FAMILIES_{test.code}",
            value=self._figures.number(micro(test.value or "0")),
            needed=self._figures.number(needed),
            families=self._text("list.names").join(families),
            days=self._figures.count(test.days or 0),
        )

    def _families(self, test: StateTestV1, tests: Sequence[StateTestV1]) -> list[str]:
        """Returns the names of the families that a count is about."""
        if test.kind == "FAMILY_RUN":
            return [self._text(f"family.{test.code}")]
        if test.kind != "FAMILIES":
            return []
        names = [
            str(signal.family)
            for signal in tests
            if signal.kind == "SIGNAL"
            and signal.rule_id == test.rule_id
            and LEVELS.index(str(signal.level)) >= LEVELS.index(test.code)
        ]
        return [self._text(f"family.{name}") for name in dict.fromkeys(names)]

    def _condition(self, test: StateTestV1) -> str:
        needed = str(test.threshold).partition(" ")[2]
        whole = int(Decimal(needed))
        return self._text(
            f"met.{test.code}",
            count=self._figures.count(whole),
            days=self._figures.days(whole),
            months=self._figures.months(whole),
        )

    def _whole(self, sentence: str, limit: str, subjects: Sequence[SubjectV1]) -> str:
        about = self._text("list.separator").join(self.subject(subject) for subject in subjects)
        return self._text(
            "reason.about" if about else "reason.plain",
            sentence=sentence.rstrip(".。") + limit,
            about=about,
        )

    def subject(self, subject: SubjectV1) -> str:
        """Returns what a signal is about, with its amount and date."""
        key = _subject_key(subject)
        if subject.kind == "PARTY" and not self._names_parties:
            return self._text("subject.CONNECTED")
        values = {"id": subject.id, "amount": self._amount(subject), "date": "", "detail": ""}
        if subject.since is not UNSET:
            values["date"] = self._figures.day(subject.since.toordinal())
        if subject.detail is not UNSET:
            is_state = subject.kind == "PARTY"
            values["detail"] = self._text(f"state.{subject.detail}") if is_state else subject.detail
        if subject.kind == "COVENANT":
            values["value"] = self._figures.number(micro(subject.value or "0"))
            values["limit"] = self.limit(subject.limit or "", "number")
        return self._text(key, **values)

    def _amount(self, subject: SubjectV1) -> str:
        if subject.amount is UNSET or subject.currency is UNSET:
            return ""
        decimals = decimals_of(subject.currency)
        minor = int(Decimal(subject.amount).scaleb(decimals))
        return self._figures.money(minor, decimals, subject.currency)


def _subject_key(subject: SubjectV1) -> str:
    """Returns the message for what is known of a subject."""
    if subject.kind in ("ACCOUNT", "COVENANT", "FINDING", "REFINANCED_LOAN"):
        return f"subject.{subject.kind}"
    kind = str(subject.kind)
    if kind == "LOAN" and subject.detail in ("DUE", "CONCESSION"):
        return f"subject.LOAN_{subject.detail}"
    if kind == "PARTY":
        kind = "REPORTER" if subject.detail is UNSET else "PARTY"
    parts = [name for name in ("amount", "since") if getattr(subject, name) is not UNSET]
    return "_".join((f"subject.{kind}", *(part.upper() for part in parts)))
