"""Prepares the risk warning card from the latest assessment and the open alert.

The assessment is the document that scoring sent: an older or newer sender may omit a field, and the
page then shows less, never something wrong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from services.alerts.decisions.application.read_models import (
    AlertEvent,
    BorrowerCard,
)
from services.alerts.decisions.application.reading import SCORE_DAYS_ON_CARD
from services.alerts.decisions.domain.alert import Action, NewsItem
from services.alerts.entrypoints.pages import chart, measures, words
from services.alerts.entrypoints.pages.chart import Chart

Json = Mapping[str, Any]
# The language of the pages.
LANGUAGE = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributorLine:
    """One contributor of the score."""

    indicator: str
    name: str
    sentence: str
    family: str
    level: str
    value: str
    threshold: str
    baseline: str
    since: str
    points: str
    share_percent: int
    evidence: Sequence[str]
    also: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyStrength:
    """The strength of a family, 0 to 100; None where none of its data is expected."""

    name: str
    percent: int | None


@dataclass(frozen=True, slots=True)
class CardFact:
    """A name and a value."""

    name: str
    value: str
    is_bad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionLine:
    """A recommended action."""

    text: str
    role: str
    due: str
    is_overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """A line in the history of the alert."""

    title: str
    when: str
    actor: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """The card as the template shows it."""

    card: BorrowerCard
    assessment: Json
    chart: Chart | None
    stands_since: str
    distance: str
    causes: Sequence[ContributorLine]
    families: Sequence[FamilyStrength]
    why: Sequence[str]
    changes: Sequence[str]
    worse: Sequence[str]
    changed_since: str
    news: Sequence[HistoryLine]
    facts: Sequence[CardFact]
    regimes: Sequence[CardFact]
    missing: Sequence[CardFact]
    steps: Sequence[ActionLine]
    history: Sequence[HistoryLine]
    provenance: Sequence[CardFact]


def view(card: BorrowerCard, *, now: datetime, timezone: str) -> CardView:
    """Returns the card for the template."""
    assessment, text = card.assessment, card.texts[LANGUAGE]
    news = card.open_alert.news if card.open_alert else ()
    actions = card.open_alert.actions if card.open_alert else ()
    history = card.open_alert.history if card.open_alert else ()
    as_of = card.scores[-1].as_of if card.scores else card.at.date()
    return CardView(
        card=card,
        assessment=assessment,
        chart=chart.drawn(
            card.scores, until=as_of, days=SCORE_DAYS_ON_CARD, cuts=_cuts(assessment)
        ),
        stands_since=words.moment(card.isolated_since, timezone=timezone)
        if card.isolated_since
        else "",
        distance=_distance(assessment),
        causes=[_contributor(item, text.causes) for item in _items(assessment, "contributors")],
        families=_families(assessment),
        why=text.why,
        changes=text.changes,
        worse=text.worse,
        changed_since=_changed_since(card, timezone),
        news=[_news_line(item, timezone) for item in news],
        facts=_facts(assessment),
        regimes=_regimes(assessment),
        missing=[
            CardFact(str(item.get("indicator")), words.label(str(item.get("reason"))).lower())
            for item in _items(assessment, "unmeasurable")
        ],
        steps=[_action(action, now=now) for action in actions],
        history=[_history_line(event, timezone) for event in reversed(history)],
        provenance=_provenance(card, timezone=timezone),
    )


def _items(assessment: Json, name: str) -> list[Json]:
    return [item for item in assessment.get(name) or [] if isinstance(item, Mapping)]


def _cuts(assessment: Json) -> dict[str, float]:
    """Returns the cuts to draw: those of the rulebook, else the next one."""
    named = (assessment.get("rulebook") or {}).get("cuts")
    if isinstance(named, Mapping):
        return {str(state): float(cut) for state, cut in named.items()}
    following = assessment.get("distance_to_next")
    if not following:
        return {}
    cut = float(assessment.get("score", 0)) + float(following["score_points"])
    return {str(following["state"]): cut}


def _distance(assessment: Json) -> str:
    following = assessment.get("distance_to_next")
    if not following:
        return ""
    points = float(following["score_points"])
    state = words.label(str(following["state"]))
    if points <= 0:
        return f"The score has passed the cut of {state}; a second family has to confirm it"
    return f"{points:.1f} points below {state}"


def _changed_since(card: BorrowerCard, timezone: str) -> str:
    """Returns what the changes are compared with."""
    moment = words.moment(card.read_last.at, timezone=timezone)
    return f"the last message, {moment}" if card.read_last.was_sent else f"the state of {moment}"


def _news_line(item: NewsItem, timezone: str) -> HistoryLine:
    return HistoryLine(
        title=words.label(item.kind.value),
        when=words.moment(item.at, timezone=timezone),
        actor="",
        text=" ".join(item.texts[LANGUAGE]),
    )


def _contributor(item: Json, sentences: Mapping[str, str]) -> ContributorLine:
    unit = str(item.get("unit", ""))
    thresholds = [
        f"{name} {measures.threshold(item.get(name), unit)}"
        for name in ("amber", "red")
        if item.get(name)
    ]
    share = float(item.get("share") or 0)
    baseline = item.get("baseline")
    return ContributorLine(
        indicator=str(item.get("indicator", "")),
        name=str(item.get("name", "")),
        sentence=sentences.get(str(item.get("indicator", "")), str(item.get("figure") or "")),
        family=words.label(str(item.get("family", ""))),
        level=str(item.get("level", "")),
        value=measures.measured(item.get("value"), unit),
        threshold=", ".join(thresholds),
        baseline=measures.measured(baseline, unit) if baseline is not None else "",
        since=words.day(item["since"]) if item.get("since") else "",
        points=f"{share:.1f}",
        share_percent=max(0, min(100, round(share))),
        evidence=[str(event) for event in item.get("evidence_event_ids") or []],
        also=[
            f"{other.get('indicator')} {other.get('name') or ''}".strip()
            for other in _items(item, "also")
        ],
    )


def _families(assessment: Json) -> list[FamilyStrength]:
    scores = assessment.get("family_scores") or {}
    return [
        FamilyStrength(
            name=name,
            percent=None if scores.get(code) is None else round(float(scores[code]) * 100),
        )
        for code, name in words.FAMILIES.items()
        if code in scores
    ]


def _facts(assessment: Json) -> list[CardFact]:
    currency = str(assessment.get("currency", ""))
    due = assessment.get("next_due")
    past_due = assessment.get("past_due")
    operational = int(assessment.get("dpd_operational") or 0)
    regulatory = int(assessment.get("dpd_regulatory") or 0)
    completeness = float(assessment.get("completeness") or 0)
    facts = [
        CardFact("Exposure", words.money(assessment.get("exposure"), currency)),
        CardFact("Past due", words.money(past_due, currency), is_bad=_is_above_zero(past_due)),
        CardFact("Days past due, operational", _days(operational), is_bad=operational > 0),
        CardFact("Days past due, regulatory", _days(regulatory), is_bad=regulatory > 0),
        CardFact(
            "Next due",
            f"{words.money(due['amount'], currency)} on {words.day(due['date'])}" if due else "–",
        ),
        CardFact("Undrawn", words.money(assessment.get("undrawn"), currency)),
        CardFact(
            "Completeness of data",
            f"{completeness:.0%}",
            is_bad=bool(assessment.get("low_confidence")),
        ),
    ]
    flags = [words.label(str(flag)) for flag in assessment.get("flags") or []]
    if flags:
        facts.append(CardFact("Flags", ", ".join(flags), is_bad=True))
    return [*facts, *_pds(assessment)]


def _pds(assessment: Json) -> list[CardFact]:
    """Returns the PDs, each with its model and its reasons."""
    facts = []
    for name, key in (("PD, informs only", "pd"), ("PD of the challenger", "pd_challenger")):
        pd = assessment.get(key)
        if not isinstance(pd, Mapping):
            continue
        value = Decimal(str(pd.get("value", 0))) * 100
        text = (
            f"{measures.plain(value.quantize(Decimal('0.1')))} % within "
            f"{pd.get('horizon_days', '–')} days ({pd.get('model')} {pd.get('version')})"
        )
        reasons = ", ".join(
            f"{reason.get('indicator')} {reason.get('name') or ''}".strip()
            for reason in _items(pd, "reasons")
        )
        facts.append(CardFact(name, f"{text}: {reasons}" if reasons else text))
    return facts


def _days(count: int) -> str:
    return measures.measured(str(count), "days")


def _is_above_zero(amount: str | None) -> bool:
    return bool(amount) and any(digit in "123456789" for digit in str(amount))


def _regimes(assessment: Json) -> list[CardFact]:
    """Returns the labels that say something: no reason of a default that there is not."""
    return [
        CardFact(words.REGIMES.get(name, words.label(name)), _regime(value))
        for name, value in (assessment.get("regimes") or {}).items()
        if value not in (None, "", "NONE")
    ]


def _regime(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(words.label(part) for part in str(value).split("+"))


def _action(action: Action, *, now: datetime) -> ActionLine:
    return ActionLine(
        text=action.text,
        role=words.label(action.role),
        due=words.day(action.due_on),
        is_overdue=action.due_on < now.date(),
    )


def _history_line(event: AlertEvent, timezone: str) -> HistoryLine:
    text = event.data.get("comment") or event.data.get("note") or ""
    why = event.why if event.why not in ("acknowledged", "commented", "resolved") else ""
    return HistoryLine(
        title=words.EVENTS.get(event.kind, event.kind),
        when=words.moment(event.at, timezone=timezone),
        actor=event.actor,
        text=" – ".join(part for part in (why, str(text)) if part),
    )


def _provenance(card: BorrowerCard, *, timezone: str) -> list[CardFact]:
    rulebook = card.assessment.get("rulebook") or {}
    cause = card.assessment.get("cause") or {}
    return [
        CardFact("Rulebook", f"{rulebook.get('name', '–')} {rulebook.get('version', '')}".strip()),
        CardFact("Cuts set on", str(rulebook.get("cuts_population") or "–")),
        CardFact("Assessment", f"no. {card.sequence}, {words.moment(card.at, timezone=timezone)}"),
        CardFact("As of", words.day(card.assessment.get("as_of"))),
        CardFact("Caused by", f"{cause.get('type', '–')} {cause.get('id', '')}".strip()),
    ]
