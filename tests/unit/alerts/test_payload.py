"""The body of a webhook in its three formats: what it says, and that it always fits."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from services.alerts.decisions.adapters.assessment_words import incident_headlines
from services.alerts.decisions.domain import data_incident
from services.alerts.decisions.domain.alert import AlertChange
from services.alerts.decisions.domain.data_incident import IsolatedState
from services.alerts.decisions.domain.event_document import event_document, incident_document
from services.alerts.decisions.domain.policy import AlertPolicy, RoutingPlan
from services.alerts.delivery.adapters.channels.message_words import MOST_BYTES
from services.alerts.delivery.adapters.channels.registry import PayloadFormat
from services.alerts.delivery.adapters.channels.slack import slack_body
from services.alerts.delivery.adapters.channels.teams import teams_body
from services.alerts.delivery.adapters.channels.webhook import (
    standard_body,
)
from services.alerts.delivery.application.channel import Address, ChannelMessage
from services.alerts.primitives.vocabulary import AlertEventKind, Level, RiskState
from services.wording.messages import Language
from tests.fakes.assessments import MONDAY, assessment, contributor
from tests.fakes.people import BERLIN
from tests.unit.alerts.test_alerting import only_alert

LINK = "https://tocsin.bank.com/borrowers/b-1"
ALERT = only_alert(
    assessment(
        RiskState.HIGH_RISK,
        contributor("R-01", Level.RED, 30.0),
        contributor("A-99", Level.AMBER, 10.0, name="<!channel> *bold* [x](y)"),
    )
)
CHANGE = AlertChange(
    kind=AlertEventKind.OPENED, alert=ALERT, at=MONDAY, actor="tocsin", why="state tightened"
)


BODIES = {
    PayloadFormat.STANDARD: standard_body,
    PayloadFormat.SLACK: slack_body,
    PayloadFormat.TEAMS: teams_body,
}


def body(
    format: PayloadFormat, change: AlertChange = CHANGE, language: Language = Language.ENGLISH
) -> bytes:
    return BODIES[format](
        ChannelMessage(
            message_id=f"msg_{change.event_id}",
            event_type=change.kind.value,
            at=change.at,
            document=event_document(change),
            link=LINK,
            address=address(format, language),
        )
    )


def address(format: PayloadFormat, language: Language = Language.ENGLISH) -> Address:
    target = "https://hooks.bank.com/x"
    return Address(format=format, language=language, target=target, secrets=())


def test_the_standard_body_has_type_timestamp_and_data() -> None:
    event = json.loads(body(PayloadFormat.STANDARD))
    assert event["type"] == "alert.opened.v1"
    assert event["timestamp"] == "2026-03-02T09:00:00+00:00"
    assert event["data"]["owner"] == {
        "kind": "OFFICER",
        "id": "o-7",
        "route": "high risk is seen by a senior as well",
        "substitute_for": None,
        "because": None,
    }
    assert event["data"]["second_owner"]["id"] == "senior-desk"
    assert event["data"]["links"] == {"card": LINK}


@pytest.mark.parametrize("format", BODIES)
def test_a_data_incident_names_its_owner_and_no_deadline(format: PayloadFormat) -> None:
    borrower = IsolatedState(
        borrower_id="b-1",
        state=RiskState.WATCH,
        officer_id="o-7",
        segment=None,
        branch_id=None,
        open_alert=None,
    )
    incident = data_incident.begun(
        borrower,
        since=MONDAY,
        policy=AlertPolicy(calendar=BERLIN, routing=RoutingPlan(fallback_queue="credit-desk")),
    )
    message = ChannelMessage(
        message_id="msg_1",
        event_type=incident.kind.value,
        at=incident.at,
        document=incident_document(incident, incident_headlines(incident)),
        link=LINK,
        address=address(format),
    )
    text = BODIES[format](message).decode()
    since = "b-1 cannot be processed since 2 March 2026, 09:00 UTC"
    assert f"{since}; “watch” is the last known state" in text
    assert "o-7" in text
    assert "act by" not in text
    assert len(BODIES[format](message)) < MOST_BYTES


def test_an_incident_has_one_id_from_begin_to_end() -> None:
    borrower = IsolatedState(
        borrower_id="b-1",
        state=RiskState.NORMAL,
        officer_id=None,
        segment=None,
        branch_id=None,
        open_alert=ALERT,
    )
    policy = AlertPolicy(calendar=BERLIN, routing=RoutingPlan(fallback_queue="credit-desk"))
    begun = data_incident.begun(borrower, since=MONDAY, policy=policy)
    ended = data_incident.ended(
        borrower, since=MONDAY, at=MONDAY + timedelta(hours=3), policy=policy
    )
    assert (begun.incident_id, begun.version, ended.version) == (ended.incident_id, 1, 2)
    assert (begun.owner, begun.alert_id) == (ALERT.owner, ALERT.alert_id)
    assert incident_headlines(ended)["en"] == "b-1 is processed again, state “normal”"


@pytest.mark.parametrize("format", BODIES)
def test_equal_events_are_equal_bytes(format: PayloadFormat) -> None:
    assert body(format) == body(format)


def test_slack_shows_reasons_and_steps_and_cannot_be_made_to_mention() -> None:
    message = json.loads(body(PayloadFormat.SLACK))
    title, changed, reasons, steps, context, buttons = message["blocks"]
    assert title["text"]["text"].startswith("🔴 b-1 is in state high risk: ")
    assert changed["text"]["text"] == "The state has never changed."
    assert {block["text"]["type"] for block in (title, reasons, steps)} == {"plain_text"}
    assert "<!channel> *bold* [x](y)" in reasons["text"]["text"]
    assert (
        "Call the borrower about the overdue amount (loan officer, by 3 March 2026)"
        in (steps["text"]["text"])
    )
    assert context["elements"][0]["text"].startswith("Owner o-7, act by ")
    [button] = buttons["elements"]
    assert button == {
        "type": "button",
        "action_id": "open_card",
        "text": {"type": "plain_text", "text": "Open the warning card"},
        "url": LINK,
    }
    assert (message["unfurl_links"], message["unfurl_media"]) == (False, False)


def test_teams_shows_an_adaptive_card_with_one_link() -> None:
    message = json.loads(body(PayloadFormat.TEAMS))
    [attachment] = message["attachments"]
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert card["actions"] == [
        {"type": "Action.OpenUrl", "title": "Open the warning card", "url": LINK}
    ]
    # A TextBlock would read its text as Markdown.
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    shown = [block["inlines"][0]["text"] for block in card["body"]]
    assert any("<!channel> *bold* [x](y)" in text for text in shown)


IN_SPANISH = [
    "🔴 b-1 está en el estado «riesgo alto»: ",
    "Llamar al prestatario por el importe vencido e impagado (gestor, a más tardar el "
    "3 de marzo de 2026)",
    "Responsable o-7, actuar antes del 5 de marzo de 2026, 09:00 UTC",
    "Abrir la ficha de alerta",
]
IN_CHINESE = [
    "🔴 b-1处于“高风险”状态：",
    "就逾期金额致电借款人（客户经理，2026年3月3日前完成）",
    "负责人：o-7，处理期限：2026年3月5日 09:00（UTC）",
    "打开预警卡",
]


@pytest.mark.parametrize("format", [PayloadFormat.SLACK, PayloadFormat.TEAMS])
@pytest.mark.parametrize(
    ("language", "lines"), [(Language.SPANISH, IN_SPANISH), (Language.CHINESE, IN_CHINESE)]
)
def test_a_chat_message_is_in_the_language_of_its_endpoint(
    format: PayloadFormat, language: Language, lines: list[str]
) -> None:
    text = body(format, language=language).decode()
    for line in lines:
        assert line in text
    for word in ("officer,", "act by", "Owner", "opened", "Open the", "Call the", "high risk"):
        assert word not in text


HOSTILE = "Pay at https://evil.example/x or www.evil.example, evil.example or a@evil.example"


@pytest.mark.parametrize("format", [PayloadFormat.SLACK, PayloadFormat.TEAMS])
def test_no_name_becomes_an_address_that_a_client_links(format: PayloadFormat) -> None:
    hostile = only_alert(
        assessment(RiskState.HIGH_RISK, contributor("R-01", Level.RED, name=HOSTILE))
    )
    change = replace(
        CHANGE,
        alert=replace(
            hostile,
            texts={"en": replace(hostile.texts["en"], headline=HOSTILE)},
            owner=replace(hostile.owner, id="https://evil.example"),
        ),
    )
    text = body(format, change).decode()
    assert "evil" in text
    for address in ("https://evil", "www.evil", "evil.example", "a@evil"):
        assert address not in text


def test_slack_refuses_no_message_for_the_length_of_its_text() -> None:
    text = replace(ALERT.texts["en"], reasons=("n" * 5_000,))
    long = replace(ALERT, texts={"en": text})
    message = json.loads(body(PayloadFormat.SLACK, replace(CHANGE, alert=long)))
    assert all(len(block["text"]["text"]) <= 3_000 for block in message["blocks"][:-2])


@pytest.mark.parametrize("format", BODIES)
def test_a_body_never_has_more_than_16_kilobytes(format: PayloadFormat) -> None:
    endless = replace(ALERT.reasons[0], line="ü" * 30_000, evidence_event_ids=("e" * 5_000,) * 5)
    text = replace(ALERT.texts["en"], reasons=("ü" * 30_000,))
    alert = replace(ALERT, reasons=(endless,), texts={"en": text, "zh": text})
    change = replace(CHANGE, alert=alert, details={"comment": "c" * 40_000})
    shortened = body(format, change)
    assert len(shortened) <= 16_000
    json.loads(shortened)


def test_a_shortened_body_says_so_and_keeps_what_identifies() -> None:
    many = replace(ALERT.reasons[0], evidence_event_ids=("e" * 5_000,) * 5)
    change = replace(CHANGE, alert=replace(ALERT, reasons=(many,)))
    data = json.loads(body(PayloadFormat.STANDARD, change))["data"]
    assert data["is_shortened"] is True
    assert data["alert_id"] == change.alert.alert_id
    assert data["reasons"][0]["evidence_event_ids"] == []
    assert data["actions"]
