"""The simulated database and broker behave as the scenarios say that the real ones do."""

import asyncio

import pytest

from tests.contract.server_scenarios import (
    DATABASE_SCENARIOS,
    Scenario,
    a_member_reads_from_where_it_was_told,
    a_transaction_that_says_nothing_is_ended,
    messages_arrive_in_the_order_given,
    what_a_cut_connection_wrote_never_was,
    what_is_given_to_another_was_let_go_before,
)
from tests.simulation.broker import Broker, SimulatedProducer, SimulatedTopicReader
from tests.simulation.database import IDLE_SECONDS, Server, SimulatedDatabase
from tests.simulation.loop import Process, simulate
from tests.simulation.mischief import Mischief
from tests.simulation.statements import STATEMENTS


@pytest.mark.parametrize("scenario", DATABASE_SCENARIOS, ids=lambda one: one.__name__)
def test_the_simulated_database(scenario: Scenario) -> None:
    async def play() -> None:
        await scenario(SimulatedDatabase(Server(Mischief()), STATEMENTS))

    simulate(play())


def test_the_simulated_database_when_its_connections_are_cut() -> None:
    async def play() -> None:
        server = Server(Mischief())

        async def cut() -> None:
            server.cut_all()

        await what_a_cut_connection_wrote_never_was(SimulatedDatabase(server, STATEMENTS), cut=cut)

    simulate(play())


def test_the_simulated_database_when_a_client_stands_still() -> None:
    async def play() -> None:
        await a_transaction_that_says_nothing_is_ended(
            SimulatedDatabase(Server(Mischief()), STATEMENTS), idle_seconds=IDLE_SECONDS
        )

    simulate(play())


def test_the_simulated_broker() -> None:
    async def play() -> None:
        broker = Broker(Mischief(), partitions=1)
        for number in range(10):
            broker.write(0, f"r{number}".encode())
        await a_member_reads_from_where_it_was_told(SimulatedTopicReader(broker, Process("p")))
        await asyncio.sleep(5)

    simulate(play())


def test_the_simulated_group() -> None:
    async def play() -> None:
        broker = Broker(Mischief(), partitions=2)
        members = [SimulatedTopicReader(broker, Process(name)) for name in ("p1", "p2")]
        await what_is_given_to_another_was_let_go_before(*members)

    simulate(play())


def test_the_simulated_producer() -> None:
    async def play() -> None:
        broker = Broker(Mischief(), partitions=2)

        async def read(count: int) -> list[tuple[int, bytes]]:
            return [(1, one.value) for one in broker.published["risk", 1][:count]]

        await messages_arrive_in_the_order_given(
            SimulatedProducer(broker, Process("p")), "risk", read
        )

    simulate(play())
