"""The gate for events: refuses what is ahead of its time, and control events that nobody may send
alone (day closes, exchange rates).

Intake and retries from the quarantine publish through it. What must stay true: a control event is
compared with all that was published before it, so each is recorded after the broker has
acknowledged it; one that is published and not recorded is recorded when it is sent again. Its
identity is stored before, so other content under its id is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from services.contracts.control import DayClosedV1, FxPublishedV1
from services.contracts.envelope import EVERYBODY, CloudEvent
from services.contracts.fields import EventData
from services.contracts.validation import ValidEvent
from services.ingest.application.identity import ID_REUSED, EventIdentities, identity_of
from services.ingest.application.ports import ControlLog, EventPublisher
from services.ingest.application.time_gate import TimeGate
from services.ingest.domain.day_closes import DayCloseRules, DayCloseState
from services.ingest.domain.exchange_rates import rates_refusal
from services.ingest.domain.reasons import Refusal, RefusalReason
from services.kit.approvals.proposals import ProposalConflict
from services.kit.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlGate:
    """Publishes events, and decides about control events; ``zone`` is the bank's."""

    publisher: EventPublisher
    rules: DayCloseRules
    log: ControlLog
    identities: EventIdentities
    times: TimeGate
    clock: Clock
    zone: ZoneInfo

    async def publish(self, events: Sequence[ValidEvent]) -> Mapping[int, Refusal]:
        """Publishes events in their order; returns the refusals of the others by index.

        Raises:
            Unavailable: If the broker or the database does not answer, or the clocks disagree.
        """
        refusals: dict[int, Refusal] = {}
        waiting: list[ValidEvent] = []
        await self.times.begin()
        for index, valid in enumerate(events):
            is_control = valid.event.subject == EVERYBODY
            refusal = await self._refusal(valid.event) if is_control else None
            if refusal is None and not self.times.admits(valid.event):
                refusal = await self.times.refusal(valid.event)
            if refusal is None and is_control:
                refusal = await self._reuse(valid)
            if refusal is not None:
                refusals[index] = refusal
                continue
            waiting.append(valid)
            if is_control:
                await self.publisher.publish(waiting)
                await self._record(valid.event)
                waiting = []
        await self.publisher.publish(waiting)
        return refusals

    async def publish_approved(self, valid: ValidEvent) -> None:
        """Publishes a control event that two people released.

        Raises:
            ProposalConflict: If its sender may not send it at all, or its id has other content.
        """
        refusal = await self._refusal(valid.event)
        if refusal is None or refusal.reason is RefusalReason.AWAITS_APPROVAL:
            refusal = await self._reuse(valid)
        if refusal is not None:
            raise ProposalConflict(refusal.detail)
        await self.publisher.publish([valid])
        await self._record(valid.event)

    async def _refusal(self, event: CloudEvent[EventData]) -> Refusal | None:
        data = event.data
        if isinstance(data, DayClosedV1):
            return await self._close_refusal(event, data)
        if isinstance(data, FxPublishedV1) and not self._is_in_history_load(event):
            return await self._rates_refusal(data)
        return None

    async def _reuse(self, valid: ValidEvent) -> Refusal | None:
        identity = identity_of(valid.value)
        (first,) = await self.identities.first([identity])
        return None if first.digest == identity.digest else ID_REUSED

    async def _record(self, event: CloudEvent[EventData]) -> None:
        if isinstance(event.data, DayClosedV1 | FxPublishedV1):
            await self.log.record(event, at=self.clock.now())
        if isinstance(event.data, DayClosedV1):
            self.times.note_close(event.source, event.data.closed_date)

    def _is_in_history_load(self, event: CloudEvent[EventData]) -> bool:
        return self.times.load_of(event.source) is not None

    async def _close_refusal(
        self, event: CloudEvent[EventData], data: DayClosedV1
    ) -> Refusal | None:
        today = self.clock.now().astimezone(self.zone).date()
        return self.rules.refusal(
            data.closed_date,
            source=event.source,
            state=DayCloseState(
                last=await self.log.last_close(today=today),
                today=today,
                is_in_history_load=self._is_in_history_load(event),
            ),
        )

    async def _rates_refusal(self, data: FxPublishedV1) -> Refusal | None:
        known = await self.log.known_rates(
            data.base_currency,
            [each.currency for each in data.rates],
            day=data.rate_date,
        )
        rates = [(each.currency, Decimal(each.rate)) for each in data.rates]
        return rates_refusal(data.base_currency, rates, known=known)
