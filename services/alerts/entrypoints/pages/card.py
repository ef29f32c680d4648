"""What the warning card shows, made ready from the latest assessment and the open alert.

The assessment arrives as scoring sent it, so each field is read with care: an older or newer
sender may leave one out, and the page then says less, never something wrong.
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
from services.alerts.decisions.domain import measures
from services.alerts.decisions.domain.alert import Action
from services.alerts.entrypoints.pages import chart, words
from services.alerts.entrypoints.pages.chart import Chart

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One contributor."""

    indicator: str
    name: str
    figure: str
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
class Family:
    """One family's strength, 0 to 100, or None where nothing of it is expected."""

    name: str
    percent: int | None


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and a value."""

    name: str
    value: str
    is_bad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A recommended action."""

    text: str
    role: str
    due: str
    is_overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """A line of the alert's history."""

    title: str
    when: str
    actor: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """The whole card."""

    card: BorrowerCard
    assessment: Json
    chart: Chart | None
    distance: str
    causes: Sequence[Cause]
    families: Sequence[Family]
    changes: Sequence[str]
    facts: Sequence[Fact]
    regimes: Sequence[Fact]
    missing: Sequence[Fact]
    steps: Sequence[Step]
    history: Sequence[Happening]
    provenance: Sequence[Fact]


def view(card: BorrowerCard, *, now: datetime, timezone: str) -> CardView:
    """Return the card, ready for the template."""
    assessment = card.assessment
    alert = card.open_alert
    as_of = card.scores[-1].as_of if card.scores else card.at.date()
    return CardView(
        card=card,
        assessment=assessment,
        chart=chart.drawn(
            card.scores, until=as_of, days=SCORE_DAYS_ON_CARD, cuts=_cuts(assessment)
        ),
        distance=_distance(assessment),
        causes=[_cause(one) for one in _list(assessment, "contributors")],
        families=_families(assessment),
        changes=[_change(one) for one in _list(assessment, "changes")],
        facts=_facts(assessment),
        regimes=_regimes(assessment),
        missing=[
            Fact(str(one.get("indicator")), words.label(str(one.get("reason"))).lower())
            for one in _list(assessment, "unmeasurable")
        ],
        steps=[_step(action, now=now) for action in alert.actions] if alert else [],
        history=[_happening(one, timezone) for one in reversed(alert.history)] if alert else [],
        provenance=_provenance(card, timezone=timezone),
    )


def _list(assessment: Json, name: str) -> list[Json]:
    return [one for one in assessment.get(name) or [] if isinstance(one, Mapping)]


def _cuts(assessment: Json) -> dict[str, float]:
    """Return the cuts to draw: all that the rulebook names, else the next one."""
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


def _cause(one: Json) -> Cause:
    unit = str(one.get("unit", ""))
    thresholds = [
        f"{name} {measures.threshold(one.get(name), unit)}"
        for name in ("amber", "red")
        if one.get(name)
    ]
    share = float(one.get("share") or 0)
    baseline = one.get("baseline")
    return Cause(
        indicator=str(one.get("indicator", "")),
        name=str(one.get("name", "")),
        figure=str(one.get("figure") or ""),
        family=words.label(str(one.get("family", ""))),
        level=str(one.get("level", "")),
        value=measures.measured(one.get("value"), unit),
        threshold=", ".join(thresholds),
        baseline=measures.measured(baseline, unit) if baseline is not None else "",
        since=words.day(one["since"]) if one.get("since") else "",
        points=f"{share:.1f}",
        share_percent=max(0, min(100, round(share))),
        evidence=[str(event) for event in one.get("evidence_event_ids") or []],
        also=[
            f"{other.get('indicator')} {other.get('name') or ''}".strip()
            for other in _list(one, "also")
        ],
    )


def _families(assessment: Json) -> list[Family]:
    scores = assessment.get("family_scores") or {}
    return [
        Family(
            name=name,
            percent=None if scores.get(code) is None else round(float(scores[code]) * 100),
        )
        for code, name in words.FAMILIES.items()
        if code in scores
    ]


def _change(one: Json) -> str:
    what = str(one.get("indicator") or "") or words.label(str(one.get("kind", "")))
    before, after = one.get("from"), one.get("to")
    return f"{what}: {_shown(before)} → {_shown(after)}"


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "none"
    number = measures.decimal_or_none(str(value))
    if number is not None:
        return measures.plain(number.quantize(Decimal("0.1")))
    if isinstance(value, str) and value.isupper() and not value.isdigit():
        return words.label(value)
    return str(value)


def _facts(assessment: Json) -> list[Fact]:
    currency = str(assessment.get("currency", ""))
    due = assessment.get("next_due")
    past_due = assessment.get("past_due")
    operational = int(assessment.get("dpd_operational") or 0)
    regulatory = int(assessment.get("dpd_regulatory") or 0)
    completeness = float(assessment.get("completeness") or 0)
    facts = [
        Fact("Exposure", words.money(assessment.get("exposure"), currency)),
        Fact("Past due", words.money(past_due, currency), is_bad=_is_above_zero(past_due)),
        Fact("Days past due, operational", str(operational), is_bad=operational > 0),
        Fact("Days past due, regulatory", str(regulatory), is_bad=regulatory > 0),
        Fact(
            "Next due",
            f"{words.money(due['amount'], currency)} on {words.day(due['date'])}" if due else "–",
        ),
        Fact("Undrawn", words.money(assessment.get("undrawn"), currency)),
        Fact(
            "Completeness of data",
            f"{completeness:.0%}",
            is_bad=bool(assessment.get("low_confidence")),
        ),
    ]
    flags = [words.label(str(flag)) for flag in assessment.get("flags") or []]
    if flags:
        facts.append(Fact("Flags", ", ".join(flags), is_bad=True))
    return [*facts, *_opinions(assessment)]


def _opinions(assessment: Json) -> list[Fact]:
    """Return the PDs beside the rules, each with its model and its reasons."""
    found = []
    for name, key in (("PD, informs only", "pd"), ("PD of the challenger", "pd_challenger")):
        one = assessment.get(key)
        if not isinstance(one, Mapping):
            continue
        value = Decimal(str(one.get("value", 0))) * 100
        text = (
            f"{measures.plain(value.quantize(Decimal('0.1')))} % within "
            f"{one.get('horizon_days', '–')} days ({one.get('model')} {one.get('version')})"
        )
        reasons = ", ".join(
            f"{reason.get('indicator')} {reason.get('name') or ''}".strip()
            for reason in _list(one, "reasons")
        )
        found.append(Fact(name, f"{text}: {reasons}" if reasons else text))
    return found


def _is_above_zero(amount: str | None) -> bool:
    return bool(amount) and any(digit in "123456789" for digit in str(amount))


def _regimes(assessment: Json) -> list[Fact]:
    names = {"ifrs9": "IFRS 9", "eu_default": "EU default", "rbi": "RBI", "china": "China"}
    return [
        Fact(names.get(name, name), _regime(value))
        for name, value in (assessment.get("regimes") or {}).items()
    ]


def _regime(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return words.label(str(value))


def _step(action: Action, *, now: datetime) -> Step:
    return Step(
        text=action.text,
        role=words.label(action.role),
        due=words.day(action.due_on),
        is_overdue=action.due_on < now.date(),
    )


def _happening(event: AlertEvent, timezone: str) -> Happening:
    said = event.data.get("comment") or event.data.get("note") or ""
    why = event.why if event.why not in ("acknowledged", "commented", "resolved") else ""
    return Happening(
        title=words.EVENTS.get(event.kind, event.kind),
        when=words.moment(event.at, timezone=timezone),
        actor=event.actor,
        text=" – ".join(part for part in (why, str(said)) if part),
    )


def _provenance(card: BorrowerCard, *, timezone: str) -> list[Fact]:
    rulebook = card.assessment.get("rulebook") or {}
    cause = card.assessment.get("cause") or {}
    return [
        Fact("Rulebook", f"{rulebook.get('name', '–')} {rulebook.get('version', '')}".strip()),
        Fact("Cuts set on", str(rulebook.get("cuts_population") or "–")),
        Fact("Assessment", f"no. {card.sequence}, {words.moment(card.at, timezone=timezone)}"),
        Fact("As of", words.day(card.assessment.get("as_of"))),
        Fact("Caused by", f"{cause.get('type', '–')} {cause.get('id', '')}".strip()),
    ]
