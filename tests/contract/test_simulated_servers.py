"""The simulated database and broker pass the scenarios of the real ones."""

import asyncio

import pytest

from tests.contract.server_scenarios import (
    DATABASE_SCENARIOS,
    Scenario,
    a_member_reads_from_the_offset_that_it_seeks,
    an_idle_transaction_is_ended,
    messages_arrive_in_the_order_given,
    what_a_cut_connection_wrote_never_was,
    what_is_assigned_to_another_was_released_before,
)
from tests.simulation.broker import Broker, SimulatedProducer, SimulatedTopicReader
from tests.simulation.database import IDLE_SECONDS, Server, SimulatedDatabase
from tests.simulation.fault_rates import FaultRates
from tests.simulation.loop import Process, simulate
from tests.simulation.statements import STATEMENTS


@pytest.mark.parametrize("scenario", DATABASE_SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_the_simulated_database(scenario: Scenario) -> None:
    async def play() -> None:
        await scenario(SimulatedDatabase(Server(FaultRates()), STATEMENTS))

    simulate(play())


def test_the_simulated_database_when_its_connections_are_cut() -> None:
    async def play() -> None:
        server = Server(FaultRates())

        async def cut() -> None:
            server.cut_all()

        await what_a_cut_connection_wrote_never_was(SimulatedDatabase(server, STATEMENTS), cut=cut)

    simulate(play())


def test_the_simulated_database_when_a_client_is_idle() -> None:
    async def play() -> None:
        await an_idle_transaction_is_ended(
            SimulatedDatabase(Server(FaultRates()), STATEMENTS), idle_seconds=IDLE_SECONDS
        )

    simulate(play())


def test_the_simulated_broker() -> None:
    async def play() -> None:
        broker = Broker(FaultRates(), partitions=1)
        for number in range(10):
            broker.write(0, f"r{number}".encode())
        await a_member_reads_from_the_offset_that_it_seeks(
            SimulatedTopicReader(broker, Process("p"))
        )
        await asyncio.sleep(5)

    simulate(play())


def test_the_simulated_group() -> None:
    async def play() -> None:
        broker = Broker(FaultRates(), partitions=2)
        members = [SimulatedTopicReader(broker, Process(name)) for name in ("p1", "p2")]
        await what_is_assigned_to_another_was_released_before(*members)

    simulate(play())


def test_the_simulated_producer() -> None:
    async def play() -> None:
        broker = Broker(FaultRates(), partitions=2)

        async def read(count: int) -> list[tuple[int, bytes]]:
            return [(1, message.value) for message in broker.published["risk", 1][:count]]

        await messages_arrive_in_the_order_given(
            SimulatedProducer(broker, Process("p")), "risk", read
        )

    simulate(play())
