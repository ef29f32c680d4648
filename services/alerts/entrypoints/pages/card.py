"""Prepares the risk warning card from the latest assessment and the open alert.

The assessment is the document that scoring sent: an older or newer sender may omit a field, and the
page then shows less, never something wrong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from services.alerts.decisions.application.read_models import (
    AlertDetail,
    AlertEvent,
    BorrowerCard,
    CardText,
)
from services.alerts.decisions.application.reading import SCORE_DAYS_ON_CARD
from services.alerts.decisions.domain.alert import Action, NewsItem
from services.alerts.entrypoints.pages import chart
from services.alerts.entrypoints.pages.chart import Chart
from services.alerts.entrypoints.pages.words import NOTHING, PageWords, decimal_or_none
from services.alerts.primitives.vocabulary import AlertEventKind
from services.wording.figures import MICRO

Json = Mapping[str, Any]
FAMILIES = ("REPAYMENT", "ACCOUNT", "STATEMENT", "COLLATERAL_GROUP", "EXTERNAL")
PDS = (("pd", "pd"), ("pd_challenger", "pd_challenger"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributorLine:
    """One contributor of the score."""

    indicator: str
    name: str
    sentence: str
    belongs_to: Sequence[str]
    level: str
    points: str
    share_percent: int
    evidence_title: str
    evidence: Sequence[str]
    also: str


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
    text: CardText
    chart: Chart | None
    stands_since: str
    score: str
    distance: str
    causes: Sequence[ContributorLine]
    families: Sequence[FamilyStrength]
    changed_since: str
    news: Sequence[HistoryLine]
    facts: Sequence[CardFact]
    regimes: Sequence[CardFact]
    missing: Sequence[CardFact]
    steps: Sequence[ActionLine]
    history: Sequence[HistoryLine]
    provenance: Sequence[CardFact]


def view(card: BorrowerCard, words: PageWords, *, now: datetime) -> CardView:
    """Returns the card for the template."""
    return _View(card, words).whole(now)


class _View:
    def __init__(self, card: BorrowerCard, words: PageWords) -> None:
        self._card = card
        self._assessment: Json = card.assessment
        self._words = words
        self._text = card.texts[words.language.value]

    def whole(self, now: datetime) -> CardView:
        card, assessment, words = self._card, self._assessment, self._words
        alert = card.open_alert
        as_of = card.scores[-1].as_of if card.scores else card.at.date()
        return CardView(
            card=card,
            assessment=assessment,
            text=self._text,
            chart=chart.drawn(
                card.scores, words, until=as_of, days=SCORE_DAYS_ON_CARD, cuts=_cuts(assessment)
            ),
            stands_since=words.moment(card.isolated_since) if card.isolated_since else "",
            score=self._points(assessment.get("score")),
            distance=self._distance(),
            causes=[self._contributor(item) for item in _items(assessment, "contributors")],
            families=self._families(),
            changed_since=self._changed_since(),
            news=[self._news_line(item) for item in alert.news] if alert else (),
            facts=self._facts(),
            regimes=self._regimes(),
            missing=[
                CardFact(words.indicator(item), words.label("gap", str(item.get("reason")).lower()))
                for item in _items(assessment, "unmeasurable")
            ],
            steps=self._steps(alert, now=now) if alert else (),
            history=[self._history_line(event) for event in reversed(alert.history)]
            if alert
            else (),
            provenance=self._provenance(),
        )

    def _points(self, points: Any) -> str:
        return self._words.figures.points(_micro(points))

    def _distance(self) -> str:
        following = self._assessment.get("distance_to_next")
        if not following:
            return ""
        state = self._words.state(str(following["state"]))
        if float(following["score_points"]) <= 0:
            return self._words.text("cut_passed", state=state)
        points = self._points(following["score_points"])
        return self._words.text("distance", points=points, state=state)

    def _changed_since(self) -> str:
        """Returns what the changes are compared with."""
        read_last = self._card.read_last
        key = "changed_since_message" if read_last.was_sent else "changed_since_state"
        return self._words.text(key, moment=self._words.moment(read_last.at))

    def _news_line(self, item: NewsItem) -> HistoryLine:
        return HistoryLine(
            title=self._words.label("alert_type", item.kind.value),
            when=self._words.moment(item.at),
            actor="",
            text=" ".join(item.texts[self._words.language.value]),
        )

    def _contributor(self, item: Json) -> ContributorLine:
        words, indicator = self._words, str(item.get("indicator", ""))
        share = float(item.get("share") or 0)
        evidence = [str(event) for event in item.get("evidence_event_ids") or []]
        return ContributorLine(
            indicator=indicator,
            name=words.indicator(item),
            sentence=self._text.causes.get(indicator, ""),
            belongs_to=[
                words.label(group, str(item[group]))
                for group in ("family", "factor", "trigger", "stage")
                if item.get(group)
            ],
            level=str(item.get("level", "")),
            points=words.text("add_lit", points=self._points(share)),
            share_percent=max(0, min(100, round(share))),
            evidence_title=words.counted("evidence", len(evidence)),
            evidence=evidence,
            also=", ".join(words.indicator(other) for other in _items(item, "also")),
        )

    def _families(self) -> list[FamilyStrength]:
        scores = self._assessment.get("family_scores") or {}
        return [
            FamilyStrength(
                name=self._words.label("family", code),
                percent=None if scores[code] is None else round(float(scores[code]) * 100),
            )
            for code in FAMILIES
            if code in scores
        ]

    def _facts(self) -> list[CardFact]:
        assessment, words = self._assessment, self._words
        currency, past_due = str(assessment.get("currency", "")), assessment.get("past_due")
        operational = int(assessment.get("dpd_operational") or 0)
        regulatory = int(assessment.get("dpd_regulatory") or 0)
        is_low = bool(assessment.get("low_confidence"))
        completeness = words.figures.share(_micro(assessment.get("completeness")))
        facts = [
            ("exposure", words.money(assessment.get("exposure"), currency), False),
            ("past_due", words.money(past_due, currency), bool(decimal_or_none(past_due))),
            ("days_in_arrears", words.figures.days(operational), operational > 0),
            ("days_regulatory", words.figures.days(regulatory), regulatory > 0),
            ("next_due", self._next_due(currency), False),
            ("undrawn", words.money(assessment.get("undrawn"), currency), False),
            ("completeness", completeness, is_low),
        ]
        flags = [words.label("flag", str(flag)) for flag in assessment.get("flags") or []]
        if flags:
            facts.append(("flags", "; ".join(flags), True))
        shown = [CardFact(words.text(key), value, is_bad) for key, value, is_bad in facts]
        return [*shown, *self._pds()]

    def _next_due(self, currency: str) -> str:
        due, words = self._assessment.get("next_due"), self._words
        if not due:
            return NOTHING
        amount, day = words.money(due["amount"], currency), words.day(due["date"])
        return words.text("next_due_on", amount=amount, date=day)

    def _pds(self) -> list[CardFact]:
        """Returns the PDs, each with its model and its reasons."""
        facts = []
        for name, key in PDS:
            pd = self._assessment.get(key)
            if not isinstance(pd, Mapping):
                continue
            text = self._words.text(
                "pd_value",
                value=self._words.figures.share(_micro(pd.get("value"))),
                days=self._words.figures.days(int(pd.get("horizon_days") or 0)),
                model=str(pd.get("model")),
                version=str(pd.get("version")),
            )
            reasons = ", ".join(self._words.indicator(each) for each in _items(pd, "reasons"))
            if reasons:
                text = self._words.text("pd_reasons", value=text, reasons=reasons)
            facts.append(CardFact(self._words.text(name), text))
        return facts

    def _regimes(self) -> list[CardFact]:
        """Returns the labels that mean something: no reason of a default that there is not."""
        return [
            CardFact(self._words.label("regime", name), self._regime(name, value))
            for name, value in (self._assessment.get("regimes") or {}).items()
            if value not in (None, "", "NONE")
        ]

    def _regime(self, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return self._words.yes_no(value)
        if name.endswith("_facilities"):
            return ", ".join(str(value).split())
        return ", ".join(self._words.label("label", part) for part in str(value).split("+"))

    def _steps(self, alert: AlertDetail, *, now: datetime) -> list[ActionLine]:
        texts = alert.texts[self._words.language.value].actions
        return [
            self._action(action, text, today=now.date())
            for action, text in zip(alert.actions, texts, strict=True)
        ]

    def _action(self, action: Action, text: str, *, today: date) -> ActionLine:
        role = self._words.label("role", action.role)
        return ActionLine(
            text=text,
            role=self._words.text("by_date", role=role),
            due=self._words.day(action.due_on),
            is_overdue=action.due_on < today,
        )

    def _history_line(self, event: AlertEvent) -> HistoryLine:
        code = event.kind.value.removeprefix("alert.").removesuffix(".v1")
        return HistoryLine(
            title=self._words.label("alert_step", code),
            when=self._words.moment(event.at),
            actor=event.actor,
            text=self._history_text(event),
        )

    def _history_text(self, event: AlertEvent) -> str:
        """Returns what a step was about, from the document that was stored with it."""
        data, language = event.data, self._words.language.value
        news_kinds = (AlertEventKind.UPDATED, AlertEventKind.REARMED)
        if event.kind in news_kinds and data.get("news"):
            return " ".join(data["news"][0]["texts"][language])
        if event.kind is AlertEventKind.ASSIGNED:
            return self._words.text("assigned_from", owner=str(data.get("previous_owner_id")))
        if event.kind is AlertEventKind.RESOLVED:
            outcome = self._words.label("outcome", str(data.get("outcome_code")))
            return " – ".join(part for part in (outcome, str(data.get("note") or "")) if part)
        return str(data.get("comment") or "")

    def _provenance(self) -> list[CardFact]:
        card, words = self._card, self._words
        rulebook = self._assessment.get("rulebook") or {}
        cause = self._assessment.get("cause") or {}
        name = f"{rulebook.get('name', NOTHING)} {rulebook.get('version', '')}".strip()
        number, moment = words.figures.count(card.sequence), words.moment(card.at)
        facts = (
            ("rulebook", name),
            (
                "assessment",
                words.text("assessment_no", number=number, moment=moment),
            ),
            ("as_of_name", words.day(self._assessment.get("as_of"))),
            ("caused_by", f"{cause.get('source', '')} {cause.get('id', NOTHING)}".strip()),
        )
        return [CardFact(words.text(key), value) for key, value in facts]


def _items(assessment: Json, name: str) -> list[Json]:
    return [item for item in assessment.get(name) or [] if isinstance(item, Mapping)]


def _micro(figure: Any) -> int:
    return int(Decimal(str(figure or 0)) * MICRO)


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
