"""Words assessments and data incidents for messages and pages, in every language of a catalogue.

A message may be read by anybody in the bank, so another customer is "a connected party".
"""

from datetime import date
from decimal import Decimal

from msgspec import UNSET

from services.alerts.decisions.domain.alert import AlertText
from services.alerts.decisions.domain.data_incident import DataIncident
from services.alerts.decisions.domain.differences import AssessmentDifference, DifferenceKind
from services.alerts.decisions.domain.playbooks import UNKNOWN
from services.alerts.decisions.domain.storm import Storm
from services.contracts.assessment import (
    AssessmentV1,
    ContributorV1,
    InspectionFellDueV1,
    MaturityApproachingV1,
)
from services.contracts.currencies import decimals_of
from services.wording.causes import CauseSentences
from services.wording.figures import Figures
from services.wording.messages import Language, Messages, messages_in
from services.wording.outlook import Unpaid, unpaid_sentence
from services.wording.profile import ProfileSentences
from services.wording.reasons import ReasonSentences

LANGUAGES = tuple(language.value for language in Language)


class ContractWords:
    """Implements `AssessmentWords` on the data of an event."""

    languages = LANGUAGES

    def __init__(self, data: AssessmentV1) -> None:
        self._data = data

    def headline(self, language: str) -> str:
        """Returns the state and the strongest present cause."""
        figures = Figures(Language(language))
        text, data = figures.messages.text, self._data
        state = text(f"state.{data.state}")
        lit = [cause for cause in data.contributors if cause.level != "GREEN"]
        if not lit:
            return text("headline.quiet", borrower=data.borrower_id, state=state)
        cause = _causes(figures).short(lit[0])
        return text("headline.cause", borrower=data.borrower_id, state=state, cause=cause)

    def cause(self, language: str, indicator: str) -> str:
        """Returns a contributor with thresholds, usual figure and what it is about."""
        return _causes(Figures(Language(language))).whole(self._contributor(indicator))

    def step(self, language: str, risk_type: str, code: str) -> str:
        """Returns a step of a playbook."""
        return step_text(messages_in(Language(language)), risk_type, code)

    def why(self, language: str) -> tuple[str, ...]:
        """Returns when and why the present state was entered, as recorded then."""
        data, figures = self._data, Figures(Language(language))
        reasons = ReasonSentences(figures, names_parties=False).reasons(
            data.state, data.state_since, data.trigger_rule_ids, data.state_tests
        )
        return (reasons.text, *reasons.tests)

    def difference(self, language: str, difference: AssessmentDifference) -> str:
        """Returns one difference from an earlier assessment."""
        return difference_text(difference, Figures(Language(language)))

    def _contributor(self, indicator: str) -> ContributorV1:
        return next(cause for cause in self._data.contributors if cause.indicator == indicator)


def step_text(messages: Messages, risk_type: str, code: str) -> str:
    """Returns a step of a playbook; that of a risk type without one is the general one."""
    key = f"step.{risk_type}.{code}"
    return messages.text(key if messages.has(key) else f"step.{UNKNOWN}.{code}")


def profile_texts(data: AssessmentV1, language: str) -> dict[str, list[str]]:
    """Returns the five factors, what is measured good and the tasks of people."""
    sentences = ProfileSentences(Figures(Language(language)), names_parties=False)
    return {
        "factors": sentences.factors(data.factors),
        "positives": sentences.positives(data.positives),
        "tasks": sentences.tasks(data.tasks),
    }


def worse_texts(data: AssessmentV1, language: str) -> list[str]:
    """Returns the days and amounts to a worse state, the soonest first."""
    figures, decimals = Figures(Language(language)), decimals_of(data.currency)
    return [
        unpaid_sentence(
            figures,
            Unpaid(
                state=step.state,
                days=step.days,
                amount=figures.money(
                    int(Decimal(step.amount).scaleb(decimals)), decimals, data.currency
                ),
                due=step.due_date.toordinal() if step.due_date else 0,
            ),
        )
        for step in data.worse_if_unpaid or []
    ]


def difference_text(difference: AssessmentDifference, figures: Figures) -> str:
    """Returns a difference in a sentence."""
    messages, kind = figures.messages, difference.kind
    before, after = difference.before, difference.after
    if kind is DifferenceKind.STATE:
        return messages.text(
            "change.STATE",
            before=messages.text(f"state.{before}"),
            after=messages.text(f"state.{after}"),
        )
    if kind is DifferenceKind.SCORE:
        key = "change.SCORE_UP" if float(after) > float(before) else "change.SCORE_DOWN"
        return messages.text(key, before=before, after=after)
    return messages.text(
        f"change.{kind}",
        name=messages.indicator_name(str(difference.indicator), difference.name),
        indicator=str(difference.indicator),
        before=messages.text(f"level.{before}"),
        after=messages.text(f"level.{after}"),
    )


def maturity_texts(data: MaturityApproachingV1) -> dict[str, str]:
    """Returns a loan that ends soon in a sentence, by language."""
    decimals = decimals_of(data.currency)
    owed = int(Decimal(data.outstanding).scaleb(decimals))
    difficulty = "UNKNOWN" if data.difficulty is UNSET else data.difficulty
    return {
        language.value: _due_text(
            Figures(language),
            f"due.maturity.{difficulty}",
            data.maturity_date,
            loan=data.loan_id,
            amount=Figures(language).money(owed, decimals, data.currency),
        )
        for language in Language
    }


def inspection_texts(data: InspectionFellDueV1) -> dict[str, str]:
    """Returns an inspection that is due in a sentence, by language."""
    return {
        language.value: _due_text(Figures(language), f"due.{data.kind}", data.due_date)
        for language in Language
    }


def _due_text(figures: Figures, key: str, due_on: date, **values: str) -> str:
    return figures.messages.text(key, date=figures.day(due_on.toordinal()), **values)


def incident_headlines(incident: DataIncident) -> dict[str, str]:
    """Returns the begin or the end of a data incident in a sentence, by language."""
    key = "incident.ended" if incident.ended_at else "incident.began"
    return {
        language.value: _incident_headline(Figures(language), key, incident)
        for language in Language
    }


def _incident_headline(figures: Figures, key: str, incident: DataIncident) -> str:
    text = figures.messages.text
    return text(
        key,
        borrower=incident.borrower_id,
        since=figures.moment_utc(incident.since),
        state=text(f"state.{incident.state}"),
    )


def storm_texts(storm: Storm) -> dict[str, AlertText]:
    """Returns the portfolio alert of a storm, by language."""
    return {language.value: _storm_text(Figures(language), storm) for language in Language}


def _storm_text(figures: Figures, storm: Storm) -> AlertText:
    text = figures.messages.text
    day, until = figures.day(storm.day.toordinal()), figures.day(storm.ends_on.toordinal())
    segment = text(f"segment.{storm.segment}")
    return AlertText(
        headline=text("storm.headline", segment=segment, day=day),
        why=(text("storm.why", until=until),),
        reasons=(),
        actions=(text("storm.check"),),
    )


def _causes(figures: Figures) -> CauseSentences:
    return CauseSentences(figures, names_parties=False)
