"""A desk: the alerts service's parts on a fresh real database, with a clock that we move."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from lab.stack.logins import service_url
from services.alerts.approvals.adapters.borrowers import PostgresBorrowers
from services.alerts.approvals.adapters.override_events import OverrideOutbox
from services.alerts.approvals.application.overrides import (
    OverrideParts,
    RelaxationProposals,
    override_kinds,
)
from services.alerts.decisions.adapters import policy_files
from services.alerts.decisions.adapters.alert_reads import PostgresAlertReads
from services.alerts.decisions.adapters.alert_repository import PostgresAlertRepository
from services.alerts.decisions.adapters.risk_handler import RiskHandler
from services.alerts.decisions.adapters.step_recorder import StepRecorder
from services.alerts.decisions.application.current_policy import CurrentPolicy
from services.alerts.decisions.application.handling import AlertHandling
from services.alerts.decisions.application.reading import AlertReading
from services.alerts.decisions.domain.assessment import AssessmentSummary
from services.alerts.decisions.domain.policy import AlertPolicy
from services.alerts.delivery.adapters.delivery_fan_out import DeliveryFanOut
from services.alerts.delivery.adapters.delivery_queue import PostgresDeliveryQueue
from services.alerts.delivery.adapters.delivery_repository import PostgresDeliveryRepository
from services.alerts.delivery.adapters.endpoint_repository import PostgresEndpointRepository
from services.alerts.delivery.adapters.sealing import Sealer, new_secret
from services.alerts.delivery.application.channel import Channel
from services.alerts.delivery.application.deliveries import DeliveryLog
from services.alerts.delivery.application.dispatcher import (
    DEFAULT_LIMITS,
    Dispatcher,
    DispatchLimits,
)
from services.alerts.delivery.application.endpoints import EndpointRegistry
from services.alerts.delivery.application.read_models import EndpointWithSecret
from services.alerts.delivery.domain.address_policy import (
    ALLOWED,
    LOOPBACK,
    AddressPolicy,
    AddressVerdict,
    check_url,
)
from services.alerts.delivery.entrypoints.request_models import EndpointRequest
from services.alerts.directory.adapters.directory_store import PostgresOrganisations
from services.alerts.directory.domain.organisation import (
    EMPTY,
    Organisation,
)
from services.alerts.directory.domain.person import Person
from services.alerts.directory.domain.scope import EVERYTHING, Scope
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.kit.approvals.tables import ApprovalTable
from services.kit.approvals.workflow import Approvals
from services.kit.database import Connection, PostgresDatabase, create_pool
from services.kit.stream.handler import Tally
from services.kit.stream.outbox import Outbox
from services.kit.stream.quarantine import Quarantine
from services.kit.stream.records import Batch
from tests.fakes.assessments import MONDAY, FakeRecord, record
from tests.fakes.clock import ManualClock, now_by
from tests.fakes.ids import CountingIds
from tests.fakes.recorder import MemoryRecorder

RISK = Person(id="risk", officer_id=None, scope=EVERYTHING)
OFFICER = Person(id="anna", officer_id="o-7", scope=Scope(officer_ids=frozenset({"o-7"})))
STRANGER = Person(id="bert", officer_id="o-8", scope=Scope(officer_ids=frozenset({"o-8"})))
DEVELOPMENT = AddressPolicy(
    allowed_networks=LOOPBACK, allows_http=True, allows_any_port=True, allows_inside_names=True
)


AGE = (
    "UPDATE alerts.webhook_delivery SET due_at = due_at - $1::interval,"
    " created_at = created_at - $1::interval, first_attempt_at = first_attempt_at - $1::interval",
    "UPDATE alerts.webhook_endpoint SET failing_since = failing_since - $1::interval,"
    " old_secret_expires_at = old_secret_expires_at - $1::interval",
)


@dataclass(kw_only=True)
class ChangingOrganisation:
    """The directory of the bank, as the test sets it."""

    organisation: Organisation = EMPTY

    async def current(self, connection: Connection | None = None) -> Organisation:
        return self.organisation


NEVER_STORM = (
    "INSERT INTO alerts.segment_day (segment, day, changed, limit_changed)"
    " VALUES ('SME', $1, 0, 1000000) ON CONFLICT DO NOTHING"
)


@dataclass(kw_only=True)
class Desk:
    pool: asyncpg.Pool
    clock: ManualClock
    measured: MemoryRecorder
    handler: RiskHandler
    reading: AlertReading
    handling: AlertHandling
    approvals: Approvals
    endpoints: EndpointRegistry
    deliveries: DeliveryLog
    queue: PostgresDeliveryQueue
    offset: int = 0
    directory: ChangingOrganisation
    wakes: list[None] = field(default_factory=list)

    async def assess(self, *assessments: AssessmentSummary) -> Tally:
        """Apply assessments as one batch, in one transaction."""
        records = []
        for summary in assessments:
            records.append(record(summary, offset=self.offset))
            self.offset += 1
        return await self.apply(records)

    async def apply(self, records: Sequence[FakeRecord]) -> Tally:
        batch = Batch(
            topic="risk", partition=0, first_offset=records[0].offset, records=list(records)
        )
        async with self.pool.acquire() as connection, connection.transaction():
            tally = await self.handler.apply(batch, connection)
        self.handler.committed(batch)
        return tally

    async def endpoint(
        self, url: str = "http://127.0.0.1:9/hook", **wanted: object
    ) -> EndpointWithSecret:
        return await self.endpoints.register(
            EndpointRequest(url=url, **wanted).settings(), person=RISK
        )

    async def never_storm(self) -> None:
        """Makes the segment so large that nothing on the first day is a storm."""
        await self.pool.execute(NEVER_STORM, MONDAY.date())

    async def advance(self, duration: timedelta) -> None:
        """Moves time for deliveries and dispatchers: the database's, by ageing its rows."""
        self.clock.advance(duration.total_seconds())
        for statement in AGE:
            await self.pool.execute(statement, duration)

    def dispatcher(
        self,
        channel: Channel,
        *,
        name: str = "d",
        steps: tuple[timedelta, ...] | None = None,
        limits: DispatchLimits = DEFAULT_LIMITS,
    ) -> Dispatcher:
        return Dispatcher(
            queue=self.queue,
            channel=channel,
            clock=self.clock,
            recorder=self.measured,
            new_token=CountingIds(f"{name}-"),
            draw=lambda: 0.5,
            limits=limits,
            **({} if steps is None else {"steps": steps}),
        )


def check_target(format: str, target: str) -> AddressVerdict:
    return ALLOWED if format == "email" else check_url(target, policy=DEVELOPMENT)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    opened = await create_pool(
        service_url(database_url, "alerts"),
        role="tocsin_alerts",
        application_name="test",
        max_connections=8,
    )
    yield opened
    await opened.close()


@pytest.fixture
def desk(pool: asyncpg.Pool) -> Desk:
    clock = ManualClock(MONDAY)
    policy = AlertPolicy(
        calendar=WorkingCalendar(timezone=ZoneInfo("Europe/Berlin")),
        routing=policy_files.read_routing(),
    )
    measured = MemoryRecorder()
    directory = ChangingOrganisation()
    step_recorder = StepRecorder(
        outbox=Outbox(schema="alerts"),
        alerts_topic="alerts",
        subscriber=DeliveryFanOut(directory, clock=clock),
    )
    sealer = Sealer([b"k" * 32])
    wakes: list[None] = []
    organisations = PostgresOrganisations(pool, bank_calendar=policy.calendar)
    overrides = OverrideParts(
        borrowers=PostgresBorrowers(),
        events=OverrideOutbox(Outbox(schema="alerts"), topic="events"),
        clock=clock,
        zone=ZoneInfo("Europe/Berlin"),
    )
    approvals = Approvals(
        database=PostgresDatabase(pool),
        repository=ApprovalTable(schema="alerts", reads_all=True),
        kinds=override_kinds(overrides),
        clock=clock,
    )
    repository = PostgresAlertRepository(
        pool=pool,
        step_recorder=step_recorder,
        recorder=measured,
        clock=clock,
        on_step=lambda _partition: wakes.append(None),
    )
    return Desk(
        pool=pool,
        clock=clock,
        measured=measured,
        handler=RiskHandler(
            policy=CurrentPolicy(policy, organisations),
            step_recorder=step_recorder,
            quarantine=Quarantine(schema="alerts"),
            recorder=measured,
            clock=clock,
            on_changes=lambda: wakes.append(None),
            relaxations=RelaxationProposals(approvals, PostgresBorrowers()),
        ),
        approvals=approvals,
        reading=AlertReading(PostgresAlertReads(pool), weekly_budget=25),
        handling=AlertHandling(
            repository=repository,
            organisations=organisations,
            policy=policy,
            now=now_by(clock),
            new_id=CountingIds("command-"),
        ),
        endpoints=EndpointRegistry(
            repository=PostgresEndpointRepository(pool=pool, sealer=sealer),
            check_target=check_target,
            clock=clock,
            new_id=CountingIds("endpoint-"),
            new_secret=new_secret,
        ),
        deliveries=DeliveryLog(repository=PostgresDeliveryRepository(pool)),
        queue=PostgresDeliveryQueue(
            pool=pool,
            sealer=sealer,
            card_link=lambda borrower_id: f"https://tocsin.example/borrowers/{borrower_id}",
        ),
        wakes=wakes,
        directory=directory,
    )
