"""The pages show what an officer needs, let nobody else in, and take no forged form."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from services.alerts.decisions.application.read_models import OwnerWeek, ScorePoint
from services.alerts.entrypoints.http import create_app
from services.alerts.entrypoints.pages.routes import Presentation
from services.alerts.primitives.vocabulary import (
    AlertStatus,
    AlertType,
    OutcomeCode,
    RiskState,
    Severity,
)
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.http.application import WebParts
from services.kit.http.health import Health
from services.kit.metrics import Metrics
from services.wording.parties import without_parties
from tests.fakes.access_log_in_memory import MemoryAccessLog
from tests.fakes.alerts_http import AUDITOR, OFFICER, PEOPLE, KnownPeople, client
from tests.fakes.alerts_in_memory import NOW, InMemoryAlerts, an_alert
from tests.fakes.clock import ManualClock
from tests.fakes.commands_in_memory import MemoryCommands
from tests.unit.wording.test_messages_of_alerts import ENGLISH

ASSESSMENT: dict[str, Any] = {
    "state": "HIGH_RISK",
    "from_state": "WATCH",
    "state_since": "2026-03-04",
    "as_of": "2026-03-04",
    "score": 72.4,
    "segment": "SME",
    "officer_id": "officer-7",
    "branch_id": "north",
    "completeness": 0.86,
    "low_confidence": False,
    "family_scores": {"ACCOUNT": 0.63, "EXTERNAL": None},
    "contributors": [
        {
            "indicator": "A-01",
            "name": "Credit turnover drop",
            "figure": "operating credits of three months below the usual",
            "family": "ACCOUNT",
            "risk_type": "LIQUIDITY",
            "factor": "PERFORMANCE",
            "trigger": "FINANCIAL",
            "stage": "MONITORING",
            "level": "RED",
            "value": "0.46",
            "unit": "ratio",
            "amber": ">= 0.2",
            "red": ">= 0.4",
            "baseline": "0.03",
            "share": 31.2,
            "intensity": 0.8,
            "since": "2026-02-11",
            "evidence_event_ids": ["core/txn-812"],
            "also": [{"indicator": "A-02", "name": "Net outflow"}],
        }
    ],
    "unmeasurable": [{"indicator": "F-23", "reason": "NO_PRIOR_STATEMENT"}],
    "dpd_operational": 12,
    "dpd_regulatory": 9,
    "past_due": "4180.50",
    "exposure": "312500.00",
    "currency": "EUR",
    "next_due": {"date": "2026-03-20", "amount": "4180.50"},
    "undrawn": None,
    "flags": ["DISPUTED"],
    "changes": [{"kind": "STATE", "indicator": None, "from": "WATCH", "to": "HIGH_RISK"}],
    "distance_to_next": {"state": "DEFAULT", "score_points": 7.6},
    "rulebook": {"name": "default", "version": "3"},
    "regimes": {"ifrs9": "STAGE_2", "eu_default": False, "rbi": "SMA-0"},
    "cause": {"source": "core", "id": "p-1", "type": "repayment.failed.v1"},
}


@pytest.fixture
def books() -> InMemoryAlerts:
    books = InMemoryAlerts(
        an_alert("a1", "B 1/ä"),
        an_alert("a2", "B-2", severity=Severity.LOW),
        an_alert(
            "a3", "B-3", officer_id="officer-9", owner=an_alert("x", "y", officer_id="z").owner
        ),
        clock=ManualClock(NOW),
    )
    books.assessments["B 1/ä"] = ASSESSMENT
    books.assessments["B-2"] = ASSESSMENT
    books.scores["B-2"] = [
        ScorePoint(as_of=date(2025, 11, 1), score=10, state=RiskState.NORMAL),
        ScorePoint(as_of=date(2026, 2, 2), score=45, state=RiskState.WATCH),
        ScorePoint(as_of=date(2026, 3, 4), score=72.4, state=RiskState.HIGH_RISK),
    ]
    return books


@pytest.fixture
def browser(books: InMemoryAlerts) -> TestClient:
    browser = client(books)
    answer = browser.post("/login", data={"key": OFFICER})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    return browser


def token_of(page: str) -> str:
    match = re.search(r'name="token" value="([0-9a-f]{64})"', page)
    assert match
    return match[1]


class TestDoor:
    @pytest.mark.parametrize("path", ["/", "/borrowers/B-2"])
    def test_strangers_are_led_to_the_login(self, books: InMemoryAlerts, path: str) -> None:
        answer = client(books).get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")

    def test_the_cookie_cannot_be_read_by_scripts_or_sent_by_other_sites(
        self, books: InMemoryAlerts
    ) -> None:
        cookie = client(books).post("/login", data={"key": OFFICER}).headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Max-Age=28800" in cookie

    def test_a_bad_key_is_refused_on_the_page_and_not_shown_again(
        self, books: InMemoryAlerts
    ) -> None:
        answer = client(books).post("/login", data={"key": "tsk_wrong"})
        assert answer.status_code == 401
        assert "unknown, expired or revoked" in answer.text
        assert "tsk_wrong" not in answer.text
        assert "set-cookie" not in answer.headers

    def test_the_cookie_opens_no_rest_route(self, browser: TestClient) -> None:
        assert browser.get("/v1/alerts").status_code == 401

    def test_the_cookie_is_no_key(self, browser: TestClient) -> None:
        cookie = browser.cookies["tocsin_session"]
        assert OFFICER not in cookie
        headers = {"Authorization": f"Bearer {cookie}"}
        assert browser.get("/v1/alerts", headers=headers).status_code == 401
        browser.cookies.clear()
        key = {"Cookie": f"tocsin_session={OFFICER}"}
        assert browser.get("/", headers=key).headers["location"] == "/login"

    def test_after_logging_out_a_copy_of_the_cookie_opens_nothing(
        self, browser: TestClient, books: InMemoryAlerts
    ) -> None:
        copied = {"Cookie": f"tocsin_session={browser.cookies['tocsin_session']}"}
        thief = client(books)
        assert thief.get("/", headers=copied).status_code == 200
        token = token_of(browser.get("/").text)
        assert browser.post("/logout", data={"token": token}).headers["location"] == "/login"
        assert "tocsin_session" not in browser.cookies
        assert browser.get("/").headers["location"] == "/login"
        assert thief.get("/", headers=copied).headers["location"] == "/login"
        form = {"token": token, "version": "1", "borrower_id": "B-2"}
        refused = thief.post("/alerts/a2/acknowledge", headers=copied, data=form)
        assert refused.headers["location"] == "/login"
        assert books.alerts["a2"].version == 1

    def test_logging_out_ends_this_session_only(
        self, browser: TestClient, books: InMemoryAlerts
    ) -> None:
        other = client(books)
        other.post("/login", data={"key": OFFICER})
        browser.post("/logout", data={"token": token_of(browser.get("/").text)})
        assert other.get("/").status_code == 200

    def test_a_key_that_was_revoked_ends_its_sessions(
        self, browser: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delitem(PEOPLE, OFFICER)
        assert browser.get("/").headers["location"] == "/login"


class TestBoard:
    def test_it_shows_who_what_why_owner_and_deadline(self, browser: TestClient) -> None:
        page = browser.get("/").text
        for text in (
            "B 1/ä",
            "High risk",
            "Credit turnover fell by 46 %",
            "as of 4 March 2026",
            "officer-7",
            "Acknowledge by 4 March 2026, 16:30",
            "in 6 h",
        ):
            assert text in page

    def test_it_shows_the_owners_whose_alerts_exceed_the_weekly_budget(
        self, books: InMemoryAlerts
    ) -> None:
        browser = client(books)
        browser.post("/login", data={"key": AUDITOR})
        monday = date(2026, 3, 2)
        books.owner_weeks = [
            OwnerWeek(owner_id=owner, week=week, opened=opened, ended_by_themselves=0, ignored=0)
            for owner, week, opened in (
                ("officer-7", monday, 26),
                ("credit-desk", monday, 25),
                ("officer-7", monday - timedelta(days=7), 40),
            )
        ]
        page = browser.get("/").text
        assert "in the week of 2 March 2026, of 25 that" in page
        assert '<span class="owner overdue">officer-7 <b>26</b></span>' in page
        assert "<b>40</b>" not in page
        assert '<span class="owner">credit-desk <b>25</b></span>' in page

    def test_the_most_severe_stands_first(self, browser: TestClient) -> None:
        page = browser.get("/").text
        assert page.index("B 1/ä") < page.index("B-2")

    def test_counts_and_filters(self, browser: TestClient) -> None:
        page = browser.get("/?severity=LOW&state=&borrower=").text
        assert "B-2" in page
        assert "B 1/ä" not in page
        assert "Low <b>1</b>" in page

    def test_an_overdue_deadline_says_so(self, books: InMemoryAlerts) -> None:
        late = an_alert("late", "B-9")
        deadlines = late.deadlines.__class__(
            acknowledge_by=NOW - timedelta(hours=3), act_by=NOW, escalate_at=NOW
        )
        books.alerts["late"] = an_alert("late", "B-9", deadlines=deadlines)
        browser = client(books)
        browser.post("/login", data={"key": OFFICER})
        assert "overdue 3 h" in browser.get("/").text

    def test_nothing_to_show_says_so(self, browser: TestClient) -> None:
        assert "no open alert fits" in browser.get("/?borrower=nobody").text

    def test_a_name_cannot_become_markup(self, books: InMemoryAlerts) -> None:
        evil = "<script>alert(1)</script>"
        books.alerts["evil"] = an_alert("evil", evil, headline=f"x (score 1): {evil}")
        browser = client(books)
        browser.post("/login", data={"key": OFFICER})
        page = browser.get("/").text
        assert "<script" not in page
        assert "&lt;script&gt;" in page

    def test_pages_allow_no_script_and_no_frame(self, browser: TestClient) -> None:
        policy = browser.get("/").headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "frame-ancestors 'none'" in policy


class TestCard:
    def test_it_shows_the_warning_card_whole(self, browser: TestClient) -> None:
        page = browser.get("/borrowers/B-2").text
        for text in (
            "72.4",
            "7.6 points below “default”",
            "Credit turnover fell by 46 % (Level: red; amber at 20 % or more",
            "31.2 points of the score",
            "Account · Business performance · Financial figures · Monitoring",
            "core/txn-812",
            "Net outflow",
            "EUR 312,500.00",
            "EUR 4,180.50 on 20 March 2026",
            "Days in arrears, worst loan",
            "Days past due for default, whole borrower",
            "86 %",
            "Capacity to pay: red, most of all “Credit turnover drop”",
            "The last 12 instalments were paid on time.",
            "Collections: settle a small amount",
            "Request a 13-week cash forecast",
            "What changed since the last message, 2 March 2026, 07:00",
            "The state went from watch to high risk.",
            "The state became high risk on 4 March 2026 because of this:",
            "SMA-0",
            "default 3",
            "core p-1",
            "There is no financial statement for the year before",
        ):
            assert text in page, text

    def test_it_draws_the_score_of_ninety_days(self, browser: TestClient) -> None:
        page = browser.get("/borrowers/B-2").text
        assert 'aria-label="Score from 10 on 4 December 2025 to 72 on 4 March 2026"' in page
        assert "style=" not in page
        assert "<script" not in page

    def test_an_id_with_odd_characters_keeps_its_address(self, browser: TestClient) -> None:
        link = re.search(r'href="(/borrowers/B[^"]+)"', browser.get("/").text)
        assert link
        assert link[1] == "/borrowers/B%201/%C3%A4"
        assert browser.get(link[1]).status_code == 200

    def test_a_borrower_that_one_may_not_see_is_not_there(self, books: InMemoryAlerts) -> None:
        books.alerts["a9"] = an_alert(
            "a9",
            "B-77",
            officer_id="officer-9",
            owner=an_alert("x", "y").owner.__class__(
                kind=an_alert("x", "y").owner.kind, id="officer-9", route="r"
            ),
        )
        browser = client(books)
        browser.post("/login", data={"key": OFFICER})
        answer = browser.get("/borrowers/B-77")
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")

    def test_who_may_only_read_gets_no_buttons(self, books: InMemoryAlerts) -> None:
        browser = client(books)
        browser.post("/login", data={"key": AUDITOR})
        assert "Acknowledge</button>" not in browser.get("/borrowers/B-2").text


# Names, ids and what a bank calls its own things; the languages are in their own words.
NOT_WORDS = re.compile(
    r"officer-7|B-[23]|B 1/ä|core/txn-812|core p-1|default 3|Tocsin|English|EUR|tocsin keys create|"
    r"north|repayment|SMA-0|credit-desk|a[123]|olga|tocsin"
)


@pytest.mark.parametrize(
    "path", ["/", "/digest", "/borrowers/B-2", "/?resolved=1", "/borrowers/nobody"]
)
@pytest.mark.parametrize("language", ["es", "zh"])
def test_a_page_has_no_english_word_left(browser: TestClient, path: str, language: str) -> None:
    accepted = {"es": "es-MX,es;q=0.9,en;q=0.8", "zh": "zh-CN,zh;q=0.9,en;q=0.8"}[language]
    page = browser.get(path, headers={"Accept-Language": accepted}).text
    assert f'<html lang="{language}">' in page
    attributes = " ".join(re.findall(r'(?:aria-label|title|placeholder)="([^"]*)"', page))
    shown = NOT_WORDS.sub("", re.sub(r"<[^>]+>", " ", page) + attributes)
    assert not ENGLISH.findall(shown)
    if language == "zh":
        assert not re.findall(r"[A-Za-z]{4,}", shown.replace("Español", "").replace("IFRS", ""))


def test_the_language_chosen_on_a_page_comes_before_that_of_the_browser(
    browser: TestClient,
) -> None:
    answer = browser.get("/language/zh")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    page = browser.get("/borrowers/B-2", headers={"Accept-Language": "es"}).text
    assert "流入资金下降46%（级别：红色" in page
    assert "要求提供13周现金流预测" in page
    assert browser.get("/language/fr").status_code == 422


def test_a_language_that_is_not_there_is_english(browser: TestClient) -> None:
    page = browser.get("/", headers={"Accept-Language": "fr-FR,*;q=0.1"}).text
    assert '<html lang="en">' in page


class TestForms:
    def form(self, browser: TestClient, **fields: str) -> dict[str, str]:
        page = browser.get("/borrowers/B-2").text
        return {"token": token_of(page), "version": "1", "borrower_id": "B-2", **fields}

    def test_acknowledging_leads_back_to_the_card(
        self, browser: TestClient, books: InMemoryAlerts
    ) -> None:
        answer = browser.post("/alerts/a2/acknowledge", data=self.form(browser))
        assert (answer.status_code, answer.headers["location"]) == (303, "/borrowers/B-2")
        assert books.alerts["a2"].status is AlertStatus.ACKNOWLEDGED

    def test_resolving_takes_an_outcome_and_a_note(
        self, browser: TestClient, books: InMemoryAlerts
    ) -> None:
        form = self.form(browser, outcome_code="FALSE", note="seasonal")
        assert browser.post("/alerts/a2/resolve", data=form).status_code == 303
        assert books.alerts["a2"].outcome_code is OutcomeCode.FALSE

    def test_without_an_outcome_it_stays_open(
        self, browser: TestClient, books: InMemoryAlerts
    ) -> None:
        form = self.form(browser, outcome_code="")
        assert browser.post("/alerts/a2/resolve", data=form).status_code == 422
        assert books.alerts["a2"].is_open

    @pytest.mark.parametrize(
        ("step", "fields"),
        [
            ("comment", {"text": "x" * 2001}),
            ("comment", {"text": "  "}),
            ("resolve", {"outcome_code": "SUPERSEDED"}),
            ("resolve", {"outcome_code": "FALSE", "note": "x" * 2001}),
        ],
    )
    def test_a_value_beyond_its_limit_is_422_and_changes_nothing(
        self, browser: TestClient, books: InMemoryAlerts, step: str, fields: dict[str, str]
    ) -> None:
        form = self.form(browser, **fields)
        assert browser.post(f"/alerts/a2/{step}", data=form).status_code == 422
        assert books.alerts["a2"].version == 1

    def test_a_comment_shows_in_the_history(self, browser: TestClient) -> None:
        browser.post("/alerts/a2/comment", data=self.form(browser, text="Called, no answer."))
        assert "Called, no answer." in browser.get("/borrowers/B-2").text

    @pytest.mark.parametrize(
        "change",
        [{"token": ""}, {"token": "0" * 64}],
        ids=["without a token", "with a made-up token"],
    )
    def test_a_forged_form_does_nothing(
        self, browser: TestClient, books: InMemoryAlerts, change: dict[str, str]
    ) -> None:
        answer = browser.post("/alerts/a2/acknowledge", data=self.form(browser) | change)
        assert answer.status_code == 403
        assert books.alerts["a2"].version == 1

    def test_a_form_sent_by_another_site_does_nothing(
        self, browser: TestClient, books: InMemoryAlerts
    ) -> None:
        answer = browser.post(
            "/alerts/a2/acknowledge",
            data=self.form(browser),
            headers={"Sec-Fetch-Site": "cross-site"},
        )
        assert answer.status_code == 403
        assert books.alerts["a2"].version == 1

    def test_a_form_that_is_out_of_date_says_so(
        self, browser: TestClient, books: InMemoryAlerts
    ) -> None:
        form = self.form(browser)
        browser.post("/alerts/a2/acknowledge", data=form)
        answer = browser.post("/alerts/a2/resolve", data=form | {"outcome_code": "FALSE"})
        assert answer.status_code == 412
        assert "read it again" in answer.text
        assert books.alerts["a2"].version == 2

    @pytest.mark.parametrize("version", ["", "x", "1e9", "-1", "9" * 30])
    def test_a_form_without_a_version_is_refused(self, browser: TestClient, version: str) -> None:
        form = self.form(browser) | {"version": version}
        assert browser.post("/alerts/a2/acknowledge", data=form).status_code == 422

    def test_the_way_back_is_always_to_this_site(self, browser: TestClient) -> None:
        form = self.form(browser) | {"borrower_id": "//evil.example/x"}
        answer = browser.post("/alerts/a2/acknowledge", data=form)
        assert answer.headers["location"] == "/borrowers/%2F%2Fevil.example%2Fx"


def test_played_history_is_shown_against_its_own_time(books: InMemoryAlerts) -> None:
    clock = ManualClock(NOW + timedelta(days=700))
    parts = WebParts(
        health=Health(clock),
        metrics=Metrics(KIT_CATALOGUE),
        authenticator=KnownPeople(),
        access_log=MemoryAccessLog(),
        commands=MemoryCommands(clock),
    )
    played = Presentation(timezone="Europe/Berlin", secure_cookies=False, shows_log_time=True)
    app = create_app(books.use_cases(), parts=parts, clock=clock, presentation=played)
    browser = TestClient(app)
    page = browser.post("/login", data={"key": OFFICER}).text
    assert "in 8 h" in page
    assert "overdue" not in page


def test_a_card_whose_state_stands_says_so(browser: TestClient, books: InMemoryAlerts) -> None:
    assert "The risk state stands" not in browser.get("/borrowers/B-2").text
    books.isolated_since["B-2"] = datetime(2026, 3, 1, 12, tzinfo=UTC)
    page = browser.get("/borrowers/B-2").text
    assert "stands since 1 March 2026, 13:00: data of the borrower could not be" in page
    assert "Operations are informed." in page


def test_a_portfolio_alert_is_a_row_and_has_no_card() -> None:
    subject = "portfolio:SME:2026-03-02"
    storm = replace(an_alert("a1", subject), alert_type=AlertType.PORTFOLIO)
    browser = client(InMemoryAlerts(storm, clock=ManualClock(NOW)))
    browser.post("/login", data={"key": OFFICER})
    answer = browser.get(f"/borrowers/{subject}")
    assert answer.status_code == 303
    page = browser.get(answer.headers["location"]).text
    assert f'<span class="borrower">{subject}</span>' in page
    assert "/borrowers/portfolio" not in page


def test_more_than_five_causes_are_one_touch_away(
    browser: TestClient, books: InMemoryAlerts
) -> None:
    cause = ASSESSMENT["contributors"][0]
    many = [{**cause, "indicator": f"X-{number}"} for number in range(7)]
    books.assessments["B-2"] = {**ASSESSMENT, "contributors": many}
    page = browser.get("/borrowers/B-2").text
    shown, _, rest = page.partition("<summary>2 more</summary>")
    assert "X-4" in shown
    assert "X-5" not in shown
    assert "X-6" in rest


def test_another_customer_is_a_connected_party_for_an_officer() -> None:
    party = {"kind": "PARTY", "id": "B-77", "detail": "DEFAULT", "evidence_event_ids": ["x#1"]}
    loan = {"kind": "LOAN", "id": "L-1", "evidence_event_ids": ["x#2"]}
    causes = [
        {"indicator": "C-04", "subjects": [party], "evidence_event_ids": ["x#1"]},
        {"indicator": "R-01", "subjects": [loan], "evidence_event_ids": ["x#2"]},
    ]
    hidden = without_parties({"contributors": causes, "state_tests": causes, "score": 1})
    for name in ("contributors", "state_tests"):
        assert "B-77" not in str(hidden[name])
        assert "DEFAULT" not in str(hidden[name])
        assert "x#1" not in str(hidden[name])
        assert hidden[name][1] == causes[1]
