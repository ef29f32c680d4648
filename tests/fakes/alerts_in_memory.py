"""The ports of alerts in memory, for the tests of its HTTP application."""

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.alerts.approvals.application.overrides import OverrideParts, override_kinds
from services.alerts.decisions.application.handling import AlertHandling
from services.alerts.decisions.application.read_models import (
    AlertDetail,
    AlertEvent,
    AlertFilters,
    AlertSummary,
    BorrowerCard,
    CardText,
    DecisionRecord,
    DigestItem,
    FeedItem,
    OwnerWeek,
    ReadLast,
    ScorePoint,
)
from services.alerts.decisions.application.reading import AlertReading
from services.alerts.decisions.application.silences import SilenceApproval, Silences
from services.alerts.decisions.application.work_list import (
    BorrowerPosition,
    DayEnds,
    WorkItem,
    WorkList,
    WorkListReading,
    WorkQuery,
    WorkTab,
)
from services.alerts.decisions.domain import lifecycle, timers
from services.alerts.decisions.domain.alert import (
    Action,
    Alert,
    AlertChange,
    AlertText,
    Deadlines,
    Owner,
    ReasonLine,
)
from services.alerts.decisions.domain.policy import AlertPolicy, RoutingPlan
from services.alerts.decisions.domain.undo import UndoableStep
from services.alerts.delivery.adapters.channels.http_poster import HttpRequest
from services.alerts.delivery.adapters.channels.registry import ChannelRegistry
from services.alerts.delivery.application.deliveries import DeliveryLog
from services.alerts.delivery.application.endpoint_trial import EndpointTrial
from services.alerts.delivery.application.endpoints import EndpointRegistry
from services.alerts.delivery.application.read_models import (
    DeliveryDetail,
    DeliveryFilters,
    DeliverySummary,
)
from services.alerts.delivery.domain.address_policy import AddressPolicy, check_url
from services.alerts.delivery.domain.attempt import (
    AttemptReport,
    AttemptResult,
    Delivered,
    ResultCode,
)
from services.alerts.delivery.domain.endpoint import Endpoint
from services.alerts.directory.application.directory_registry import (
    DirectoryApproval,
    DirectoryRegistry,
)
from services.alerts.directory.domain.scope import Scope
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.alerts.primitives.paging import CursorPage
from services.alerts.primitives.vocabulary import (
    AlertEventKind,
    AlertStatus,
    AlertType,
    Level,
    OwnerKind,
    RiskState,
    Severity,
)
from services.alerts.use_cases import UseCases
from services.kit.clock import Clock
from tests.fakes.approvals_in_memory import NoDatabase, approvals_in_memory
from tests.fakes.directory_in_memory import InMemoryDirectories
from tests.fakes.ids import CountingIds
from tests.fakes.silences_in_memory import InMemorySilences

POLICY = AlertPolicy(
    calendar=WorkingCalendar(timezone=ZoneInfo("Europe/Berlin")),
    routing=RoutingPlan(fallback_queue="credit-desk"),
)
SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
NOW = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)


HEADLINES = {
    "en": "{id} is in state high risk: Credit turnover fell by 46 %",
    "es": "{id} está en el estado «riesgo alto»: los abonos han caído un 46 %",
    "zh": "{id}处于“高风险”状态：流入资金下降46%",
}
STEPS = {
    "en": "Request a 13-week cash forecast",
    "es": "Pedir una previsión de tesorería a 13 semanas",
    "zh": "要求提供13周现金流预测",
}
WHY = {
    "en": "The state became high risk on 4 March 2026 because of this:",
    "es": "El estado pasó a riesgo alto el 4 de marzo de 2026 por lo siguiente:",
    "zh": "状态于2026年3月4日变为高风险，原因如下：",
}
CAUSES = {
    "en": "Credit turnover fell by 46 % (Level: red; amber at 20 % or more)",
    "es": "Los abonos han caído un 46 % (Nivel: rojo; ámbar con 20 % o más)",
    "zh": "流入资金下降46%（级别：红色；黄色阈值：达到或超过20%）",
}
OTHER_CARD_TEXTS = {
    "en": {
        "changes": ["The state went from watch to high risk."],
        "worse": ["State default in 11 days if EUR 4,180.50 stays unpaid."],
        "factors": ["Capacity to pay: red, most of all “Credit turnover drop”"],
        "positives": ["The last 12 instalments were paid on time."],
        "tasks": ["Collections: settle a small amount"],
    },
    "es": {
        "changes": ["El estado pasó de vigilancia a riesgo alto."],
        "worse": ["Incumplimiento en 11 días si EUR 4.180,50 siguen impagados."],
        "factors": ["Capacidad de pago: rojo, sobre todo «Caída de abonos»"],
        "positives": ["Las últimas 12 cuotas se pagaron a tiempo."],
        "tasks": ["Cobros: regularizar un importe pequeño"],
    },
    "zh": {
        "changes": ["状态由观察变为高风险。"],
        "worse": ["若EUR 4,180.50继续未付，11天后违约。"],
        "factors": ["还款能力：红色，主要为“流入资金下降”"],
        "positives": ["最近12期均按时还款。"],
        "tasks": ["催收：处理小额逾期款"],
    },
}


def _alert_text(language: str, borrower_id: str) -> AlertText:
    return AlertText(
        headline=HEADLINES[language].format(id=borrower_id),
        why=(WHY[language],),
        reasons=(CAUSES[language],),
        actions=(STEPS[language],),
    )


def an_alert(alert_id: str, borrower_id: str, **changes: Any) -> Alert:
    """Return an open alert of officer-7, opened two hours ago."""
    alert = Alert(
        alert_id=alert_id,
        version=1,
        borrower_id=borrower_id,
        alert_type=AlertType.STATE_CHANGED,
        severity=Severity.HIGH,
        status=AlertStatus.OPEN,
        state=RiskState.HIGH_RISK,
        from_state=RiskState.WATCH,
        state_since=date(2026, 3, 4),
        as_of=date(2026, 3, 4),
        score=72.4,
        headline=f"{borrower_id} is in state high risk: Credit turnover fell by 46 %",
        owner=Owner(kind=OwnerKind.OFFICER, id="officer-7", route="officer of the borrower"),
        second_owner=None,
        officer_id="officer-7",
        segment="SME",
        branch_id="north",
        factors=("PERFORMANCE",),
        triggers=("FINANCIAL",),
        stages=("MONITORING",),
        is_digest=False,
        opened_at=NOW - timedelta(hours=2),
        updated_at=NOW - timedelta(hours=2),
        deadlines=Deadlines(
            acknowledge_by=NOW + timedelta(hours=6),
            act_by=NOW + timedelta(days=2),
            escalate_at=NOW + timedelta(days=3),
        ),
        timer=timers.begun(NOW - timedelta(hours=2)),
        reasons=(
            ReasonLine(
                indicator="A-01",
                name="Credit turnover drop",
                risk_type="LIQUIDITY",
                level=Level.RED,
                line="A-01 Credit turnover drop: 0.46 ratio, red",
                share=21.3,
                evidence_event_ids=("core-bank/acct-881-20260303",),
            ),
        ),
        actions=(
            Action(
                code="CASH_FORECAST",
                text="Request a 13-week cash forecast",
                risk_type="LIQUIDITY",
                role="officer",
                due_on=date(2026, 3, 11),
                due_at=datetime(2026, 3, 11, 16, 0, tzinfo=UTC),
            ),
        ),
        texts={language: _alert_text(language, borrower_id) for language in HEADLINES},
        news=(),
    )
    return replace(alert, **changes)


class InMemorySessions:
    """Implements `Sessions`."""

    def __init__(self) -> None:
        self._tokens = CountingIds("session-")
        self._keys: dict[str, str] = {}

    async def begin(self, key_id: str) -> str:
        token = self._tokens()
        self._keys[token] = key_id
        return token

    async def key_of(self, token: str) -> str | None:
        return self._keys.get(token)

    async def end(self, token: str) -> None:
        self._keys.pop(token, None)


class InMemoryAlerts:
    """All repositories and reads in one."""

    def __init__(self, *alerts: Alert, clock: Clock) -> None:
        self.clock = clock
        self.alerts = {alert.alert_id: alert for alert in alerts}
        self.decided: list[DecisionRecord] = []
        self.owner_weeks: list[OwnerWeek] = []
        self.digested: list[DigestItem] = []
        self.history: list[AlertChange] = [
            AlertChange(
                kind=AlertEventKind.OPENED,
                alert=alert,
                at=alert.opened_at,
                actor="tocsin",
                why="state WATCH → HIGH_RISK",
            )
            for alert in alerts
        ]
        self.assessments: dict[str, Mapping[str, Any]] = {}
        self.scores: dict[str, Sequence[ScorePoint]] = {}
        self.isolated_since: dict[str, datetime] = {}
        self.sessions = InMemorySessions()
        self.directories = InMemoryDirectories(clock)
        self.handled: list[UndoableStep] = []
        self.silences = InMemorySilences()
        self.endpoints: dict[str, Endpoint] = {}
        self.deliveries: dict[int, DeliverySummary] = {}
        self.posted: list[HttpRequest] = []
        self.resent: list[DeliveryFilters | int] = []

    def use_cases(self) -> UseCases:
        """Return the real use cases on these repositories."""
        nothing: Any = None
        overrides = OverrideParts(
            borrowers=nothing, events=nothing, clock=self.clock, zone=ZoneInfo("Europe/Berlin")
        )
        kinds = [
            DirectoryApproval(self.directories),
            SilenceApproval(self.silences, clock=self.clock),
            *override_kinds(overrides),
        ]
        approvals = approvals_in_memory(kinds, clock=self.clock)
        return UseCases(
            reading=AlertReading(self, weekly_budget=25),
            work_list=WorkListReading(self, organisations=self.directories, now=self.now),
            handling=AlertHandling(
                repository=self,
                organisations=self.directories,
                policy=POLICY,
                now=self.now,
                new_id=CountingIds("command-"),
            ),
            endpoints=EndpointRegistry(
                repository=_EndpointRepository(self),
                check_target=lambda _format, url: check_url(url, policy=AddressPolicy()),
                clock=self.clock,
                new_id=CountingIds("we-"),
                new_secret=CountingIds("whsec_"),
            ),
            trial=EndpointTrial(
                repository=_EndpointRepository(self),
                channel=ChannelRegistry(poster=self, clock=self.clock, policy=AddressPolicy()),
                clock=self.clock,
                new_id=CountingIds(""),
                link="https://tocsin.bank.test",
            ),
            deliveries=DeliveryLog(repository=_DeliveryRepository(self)),
            sessions=self.sessions,
            approvals=approvals,
            silences=Silences(
                database=NoDatabase(),
                repository=self.silences,
                approvals=approvals,
                clock=self.clock,
                new_id=CountingIds("silence-"),
            ),
            directory=DirectoryRegistry(
                database=NoDatabase(),
                repository=self.directories,
                approvals=approvals,
                routed_queues=frozenset({"workout"}),
            ),
        )

    async def post(self, request: HttpRequest) -> AttemptResult:
        """Accept a request; the receiver answers 204 after 12 ms."""
        self.posted.append(request)
        await self.clock.sleep(0.012)
        return Delivered(report=AttemptReport(code=ResultCode.DELIVERED, status_code=204))

    async def list_alerts(
        self, filters: AlertFilters, *, scope: Scope, cursor: str | None, limit: int
    ) -> CursorPage[AlertSummary]:
        matching = [
            self._summary(alert)
            for _, alert in sorted(self.alerts.items())
            if self._is_seen(alert.borrower_id, scope) and _fits(alert, filters)
        ]
        begin = int(cursor or 0)
        end = begin + limit
        return CursorPage(
            items=matching[begin:end], next_cursor=str(end) if len(matching) > end else None
        )

    async def now(self) -> datetime:
        return self.clock.now()

    async def work_list(
        self, query: WorkQuery, *, scope: Scope, now: datetime, day_ends: DayEnds
    ) -> WorkList:
        """Return every open alert as a row of the tab; PostgreSQL decides tabs and order."""
        open_alerts = [each for each in self.alerts.values() if each.is_open]
        return WorkList(
            items=[
                WorkItem(
                    alert=self._summary(alert),
                    name=None,
                    sentence=alert.texts[query.language].headline,
                    news=(),
                    deadline=alert.deadlines.acknowledge_by,
                    is_overdue=False,
                    position=BorrowerPosition(
                        as_of=alert.as_of,
                        currency="EUR",
                        exposure="50000.00",
                        past_due="1200.00",
                        next_due=None,
                        undrawn=None,
                    ),
                    allowed_actions=lifecycle.allowed_actions(alert, at=now),
                )
                for alert in open_alerts
                if self._is_seen(alert.borrower_id, scope)
            ],
            next_cursor=None,
            counts={tab: 0 for tab in WorkTab},
            now=now,
            last_close=None,
            stream_position=str(len(self.history)),
        )

    async def alert(self, alert_id: str, *, scope: Scope) -> AlertDetail | None:
        alert = self.alerts.get(alert_id)
        if alert is None or not self._is_seen(alert.borrower_id, scope):
            return None
        return self._detail(alert)

    async def count_open(self, *, scope: Scope) -> Mapping[Severity, int]:
        counts: dict[Severity, int] = {}
        for alert in self.alerts.values():
            if alert.is_open and self._is_seen(alert.borrower_id, scope):
                counts[alert.severity] = counts.get(alert.severity, 0) + 1
        return counts

    async def card(self, borrower_id: str, *, scope: Scope, score_days: int) -> BorrowerCard | None:
        own = [alert for alert in self.alerts.values() if alert.borrower_id == borrower_id]
        if not self._is_seen(borrower_id, scope):
            return None
        opened = next((alert for alert in own if alert.is_open), None)
        return BorrowerCard(
            borrower_id=borrower_id,
            sequence=14,
            at=NOW - timedelta(hours=2),
            isolated_since=self.isolated_since.get(borrower_id),
            assessment=self.assessments.get(borrower_id, {"score": 72.4, "state": "HIGH_RISK"}),
            read_last=ReadLast(
                sequence=12,
                as_of=date(2026, 3, 1),
                at=datetime(2026, 3, 2, 6, 0, tzinfo=UTC),
                was_sent=True,
            ),
            texts={
                language: CardText(
                    why=[WHY[language]],
                    causes={"A-01": CAUSES[language]},
                    **OTHER_CARD_TEXTS[language],
                )
                for language in HEADLINES
            },
            scores=self.scores.get(borrower_id, ()),
            open_alert=self._detail(opened) if opened else None,
            past_alerts=[self._summary(alert) for alert in own if not alert.is_open],
        )

    async def decisions(
        self, borrower_id: str, *, scope: Scope, until: datetime | None, limit: int
    ) -> Sequence[DecisionRecord] | None:
        if not self._is_seen(borrower_id, scope):
            return None
        decisions = [
            each
            for each in self.decided
            if each.borrower_id == borrower_id and (until is None or each.at <= until)
        ]
        return decisions[:limit]

    async def digest(self, *, scope: Scope, since: datetime, limit: int) -> Sequence[DigestItem]:
        return [each for each in self.digested if each.at >= since or each.tasks][:limit]

    async def alert_budget(self, *, scope: Scope, weeks: int) -> Sequence[OwnerWeek]:
        return [
            each
            for each in self.owner_weeks
            if scope.everything or each.owner_id in scope.officer_ids
        ]

    async def feed_after(self, cursor: str, *, scope: Scope, limit: int) -> Sequence[FeedItem]:
        begin = int(cursor)
        items = [
            FeedItem(cursor=str(number), event=_event(change))
            for number, change in enumerate(self.history, start=1)
            if number > begin and self._is_seen(change.alert.borrower_id, scope)
        ]
        return items[:limit]

    async def newest_moment(self) -> datetime | None:
        return max((change.at for change in self.history), default=None)

    async def feed_end(self) -> str:
        return str(len(self.history))

    @asynccontextmanager
    async def lock(self, alert_id: str, *, scope: Scope) -> AsyncIterator["_LockedAlert | None"]:
        alert = self.alerts.get(alert_id)
        if alert is None or not self._is_seen(alert.borrower_id, scope):
            yield None
        else:
            yield _LockedAlert(self, alert)

    def _is_seen(self, borrower_id: str, scope: Scope) -> bool:
        own = [alert for alert in self.alerts.values() if alert.borrower_id == borrower_id]
        return bool(own) and (
            scope.everything
            or own[-1].officer_id in scope.officer_ids
            or own[-1].branch_id in scope.branch_ids
            or any(_owns(alert, scope) for alert in own)
        )

    async def commands(self, command_id: str) -> Sequence[UndoableStep]:
        return [each for each in self.handled if each.command_id == command_id]

    def _detail(self, alert: Alert) -> AlertDetail:
        history = [
            _event(change) for change in self.history if change.alert.alert_id == alert.alert_id
        ]
        since = self.isolated_since.get(alert.borrower_id)
        return AlertDetail.of(alert, history, isolated_since=since)

    def _summary(self, alert: Alert) -> AlertSummary:
        since = self.isolated_since.get(alert.borrower_id)
        return AlertSummary.of(alert, isolated_since=since)


class _LockedAlert:
    def __init__(self, books: InMemoryAlerts, alert: Alert) -> None:
        self._books = books
        self.alert = alert
        self.isolated_since = books.isolated_since.get(alert.borrower_id)

    async def record(self, change: AlertChange, *, command: UndoableStep | None = None) -> None:
        self._books.alerts[change.alert.alert_id] = change.alert
        self._books.handled += [command] if command else []
        self._books.history.append(change)


class _EndpointRepository:
    def __init__(self, books: InMemoryAlerts) -> None:
        self._books = books

    async def add(self, endpoint: Endpoint, *, secret: str) -> None:
        self._books.endpoints[endpoint.endpoint_id] = endpoint

    async def list(self) -> Sequence[Endpoint]:
        return list(self._books.endpoints.values())

    async def get(self, endpoint_id: str) -> Endpoint | None:
        return self._books.endpoints.get(endpoint_id)

    async def secrets(self, endpoint_id: str, *, at: datetime) -> tuple[str, ...]:
        return (SECRET,)

    async def save(self, endpoint: Endpoint, *, expected_version: int) -> Endpoint | None:
        if self._books.endpoints[endpoint.endpoint_id].version != expected_version:
            return None
        saved = replace(endpoint, version=expected_version + 1)
        self._books.endpoints[endpoint.endpoint_id] = saved
        return saved

    async def rotate(
        self, endpoint_id: str, *, secret: str, old_expires_at: datetime, expected_version: int
    ) -> Endpoint | None:
        endpoint = self._books.endpoints[endpoint_id]
        return await self.save(
            replace(endpoint, old_secret_expires_at=old_expires_at),
            expected_version=expected_version,
        )


class _DeliveryRepository:
    def __init__(self, books: InMemoryAlerts) -> None:
        self._books = books

    async def list(
        self, filters: DeliveryFilters, *, cursor: str | None, limit: int
    ) -> CursorPage[DeliverySummary]:
        matching = [
            delivery
            for delivery in self._books.deliveries.values()
            if filters.status in (None, delivery.status)
            and filters.endpoint_id in (None, delivery.endpoint_id)
        ]
        return CursorPage(items=matching[:limit], next_cursor=None)

    async def get(self, delivery_id: int) -> DeliveryDetail | None:
        delivery = self._books.deliveries.get(delivery_id)
        return DeliveryDetail(delivery=delivery, log=[]) if delivery else None

    async def resend(self, filters: DeliveryFilters) -> int:
        self._books.resent.append(filters)
        return len(self._books.deliveries)

    async def resend_one(self, delivery_id: int) -> bool:
        self._books.resent.append(delivery_id)
        return delivery_id in self._books.deliveries


def _event(change: AlertChange) -> AlertEvent:
    return AlertEvent(
        event_id=change.event_id,
        kind=change.kind,
        alert_id=change.alert.alert_id,
        borrower_id=change.alert.borrower_id,
        version=change.alert.version,
        at=change.at,
        actor=change.actor,
        why=change.why,
        data=dict(change.details),
    )


def _owns(alert: Alert, scope: Scope) -> bool:
    ids = {OwnerKind.OFFICER: scope.officer_ids, OwnerKind.QUEUE: scope.queue_ids}
    owners = (alert.owner, alert.second_owner)
    return any(owner is not None and owner.id in ids[owner.kind] for owner in owners)


def _fits(alert: Alert, filters: AlertFilters) -> bool:
    return (
        (not filters.statuses or alert.status in filters.statuses)
        and (not filters.severities or alert.severity in filters.severities)
        and (not filters.states or alert.state in filters.states)
        and filters.borrower_id in (None, alert.borrower_id)
        and filters.owner_id in (None, alert.owner.id)
    )
