"""An assessment in sentences: a loan of which nothing is paid, in three languages."""

import json
from datetime import UTC, date
from typing import Any

import pytest

from services.scoring.adapters.narrative.narrative import (
    Narrative,
    narrate,
    narrative_json,
    narrative_text,
)
from services.scoring.adapters.narrative.sentences import SignalSentences
from services.scoring.adapters.offline import OfflineScorer, OfflineSettings
from services.scoring.adapters.rulebook_reader import load_rulebook
from services.scoring.domain.assess.assessment import Contributor
from services.scoring.domain.assess.exit_rules import blockers, exit_rule_of
from services.scoring.domain.assess.outlook import outlook
from services.scoring.domain.assess.state_inputs import state_inputs_of
from services.scoring.domain.primitives.measurement import Unit
from services.wording.figures import Figures
from services.wording.messages import Language

ENGLISH, SPANISH, CHINESE = Language


def line(number: int, kind: str, data: dict[str, Any]) -> bytes:
    event = {
        "specversion": "1.0",
        "id": f"e-{number}",
        "source": "core",
        "type": kind,
        "subject": "B-1",
        "time": f"2024-01-01T09:0{number}:00Z",
        "data": data,
    }
    return json.dumps(event).encode()


def unpaid_loan() -> list[bytes]:
    """A loan of 1,000 due on 31 January 2024, of which nothing is ever paid."""
    person = {"segment": "RETAIL", "reporting_currency": "EUR", "country": "DE"}
    loan = {
        "loan_id": "L-1",
        "type": "TERM",
        "currency": "EUR",
        "principal": "1000.00",
        "start_date": "2024-01-01",
    }
    instalment = {
        "instalment_no": 1,
        "due_date": "2024-01-31",
        "due_principal": "1000.00",
        "due_interest": "0.00",
        "due_fees": "0.00",
    }
    schedule = {
        "loan_id": "L-1",
        "schedule_version": 1,
        "currency": "EUR",
        "instalments": [instalment],
    }
    return [
        line(1, "borrower.registered.v1", person),
        line(2, "loan.booked.v1", loan),
        line(3, "schedule.published.v1", schedule),
    ]


def folded(as_of: date) -> OfflineScorer:
    settings = OfflineSettings(zone=UTC, closes_days=True, as_of=as_of.toordinal())
    run = OfflineScorer(load_rulebook("reference"), settings)
    for _ in run.fold_lines(unpaid_loan()):
        pass
    return run


def narrated(as_of: date, language: Language) -> Narrative:
    run = folded(as_of)
    [scored] = run.latest()
    rules = run.rules_for(scored.borrower)
    return narrate(
        run.snapshot(scored),
        scored.borrower,
        rules,
        language=language,
        last_emitted=scored.last_emitted,
    )


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (ENGLISH, "Arrears have been above both materiality thresholds for 35 days in a row."),
        (SPANISH, "El atraso supera los dos umbrales de materialidad desde hace 35 días seguidos."),
        (CHINESE, "逾期金额已连续35天超过两项重要性阈值。"),
    ],
)
def test_a_signal_states_what_is_measured(language: Language, sentence: str) -> None:
    # From the close of 1 February to that of 6 March 2024: 29 days of February and 6 of March.
    signals = narrated(date(2024, 3, 6), language).signals
    assert any(signal.text.startswith(sentence) for signal in signals if signal.indicator == "R-02")


def test_a_signal_states_thresholds_and_since_when() -> None:
    [late] = [
        signal
        for signal in narrated(date(2024, 3, 6), ENGLISH).signals
        if signal.indicator == "R-02"
    ]
    # Red is more than 30 day closes: the first is that of 1 February, the 31st that of 2 March.
    assert (
        "amber at 1 day or more; red at more than 30 days; hard limit at more than 90 days; "
        "since 2 March 2024"
    ) in late.text
    assert late.level == "RED"


def test_a_note_without_weight_names_its_evidence_too() -> None:
    note = Contributor(
        indicator="F-10",
        name="Customers pay later",
        family="STATEMENT",
        risk_type="QUALITY_OF_FIGURES",
        level=1,
        value=250_000,
        unit=Unit.RATIO,
        component="days",
        figure="receivable days against the year before",
        amber="",
        red="",
        baseline=None,
        share=0,
        intensity=0,
        since=date(2024, 3, 2).toordinal(),
        evidence=["e-7"],
    )
    rules = load_rulebook("default").rules_for("SME")
    sentence = SignalSentences(Figures(ENGLISH), rules).sentence(note, 0)
    assert "e-7" in sentence


@pytest.mark.parametrize(
    ("language", "title", "sentence"),
    [
        (
            ENGLISH,
            "The state became high risk on 1 April 2024 because of this:",
            "Amounts have been overdue for 61 days (limit: more than 60 days): loan "
            "L-1, EUR 1,000.00 past due, oldest open instalment due on 31 January 2024.",
        ),
        (
            SPANISH,
            "El estado pasó a riesgo alto el 1 de abril de 2024 por lo siguiente:",
            "Lleva 61 días con importes vencidos (límite: más de 60 días): préstamo "
            "L-1, 1.000,00 EUR vencidos e impagados, cuota impagada más antigua con vencimiento el "
            "31 de enero de 2024.",
        ),
        (
            CHINESE,
            "2024年4月1日，状态变为“高风险”，原因如下：",
            "逾期金额已持续61天（界限：超过60天）：贷款L-1，逾期EUR 1,000.00，"
            "最早未还一期的到期日为2024年1月31日。",
        ),
    ],
)
def test_the_reason_is_written_from_the_record_of_the_change(
    language: Language, title: str, sentence: str
) -> None:
    # 61 days after 31 January is 1 April 2024; five days later the count is 66, the reason is not.
    for as_of in (date(2024, 4, 1), date(2024, 4, 6)):
        why = narrated(as_of, language).why
        assert (why.text, why.tests) == (title, [sentence])


def test_the_way_out_of_watch_lists_every_condition_of_its_rule() -> None:
    better = narrated(date(2024, 3, 6), ENGLISH).better
    assert better.to == "ATTENTION"
    assert better.text.startswith(
        "The state can change to attention, with the approval of a second"
    )
    texts = " ".join(condition.text for condition in better.conditions)
    for wanted in (
        "stays below 30 for 60 days in a row",
        "lasted at least 30 days",
        "Nothing is past due for 60 days in a row; so far 0 days",
        "The last 2 instalments were paid on time",
    ):
        assert wanted in texts
    assert (
        "“Days in material arrears” (R-02) turns green at less than 1 day; now it is 35 days."
        in (better.signals)
    )


@pytest.mark.parametrize("day", [date(2024, 1, 20), date(2024, 2, 10), date(2024, 3, 6)])
def test_a_condition_is_met_exactly_where_the_state_machine_finds_nothing(day: date) -> None:
    run = folded(day)
    [scored] = run.latest()
    rules = run.rules_for(scored.borrower)
    open_conditions = outlook(scored.borrower, rules, scored.as_of).conditions
    standing = state_inputs_of(scored.borrower, rules, scored.as_of)
    rule = exit_rule_of(standing)
    unmet = set(blockers(standing, rule)) if rule is not None else set()
    assert {condition.code for condition in open_conditions if not condition.is_met} == unmet


def test_what_changed_compares_with_the_last_change_of_state() -> None:
    # WATCH since 26 February 2024, by the family cut, with at amber. Both are red
    # from 2 March on, day 31. Every later day says so, although the day before it said so too.
    for as_of in (date(2024, 3, 2), date(2024, 3, 20)):
        changes = narrated(as_of, SPANISH).changes
        assert changes.text == "Desde el cambio de estado del 26 de febrero de 2024:"
        assert changes.changes[0] == "«Días de atraso» (R-01) pasó de ámbar a rojo."
        assert "(R-02) pasó de ámbar a rojo." in changes.changes[1]
    never = narrated(date(2024, 1, 20), ENGLISH).changes
    assert never.text == "Since the first event of 1 January 2024:"


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (ENGLISH, "State high risk in 26 days if EUR 1,000.00 stays unpaid."),
        (SPANISH, "Estado «riesgo alto» dentro de 26 días si siguen impagados 1.000,00 EUR."),
        (CHINESE, "若EUR 1,000.00继续未付，26天后状态变为“高风险”。"),
    ],
)
def test_what_worsens_it_is_written_in_days_and_amounts(language: Language, sentence: str) -> None:
    # On 6 March 2024 the instalment is 35 days late; high risk is more than 60: 61 - 35 = 26.
    assert sentence in narrated(date(2024, 3, 6), language).worse


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (
            ENGLISH,
            "State attention in 16 days if EUR 1,000.00, due on 31 January 2024, is not paid.",
        ),
        (
            SPANISH,
            "Estado «atención» dentro de 16 días si no se pagan 1.000,00 EUR, con vencimiento el "
            "31 de enero de 2024.",
        ),
        (CHINESE, "若2024年1月31日到期的EUR 1,000.00未付，16天后状态变为“留意”。"),
    ],
)
def test_before_anything_is_late_the_next_instalment_is_named(
    language: Language, sentence: str
) -> None:
    # On 20 January 2024 it is 11 days to the due day, and attention begins 5 days after it.
    assert sentence in narrated(date(2024, 1, 20), language).worse


@pytest.mark.parametrize("language", Language)
def test_a_borrower_without_any_signal_has_a_story_too(language: Language) -> None:
    narrative = narrated(date(2024, 1, 20), language)
    assert narrative.signals == []
    assert narrative.better.to is None
    assert narrative_text(narrative).strip()


@pytest.mark.parametrize("language", Language)
def test_no_placeholder_is_left_in_the_text(language: Language) -> None:
    for day in (date(2024, 2, 10), date(2024, 3, 6), date(2024, 4, 1), date(2024, 6, 1)):
        narrative = narrated(day, language)
        assert "{" not in narrative_text(narrative)
        assert json.loads(json.dumps(narrative_json(narrative)))["language"] == language.value
