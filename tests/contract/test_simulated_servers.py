"""The simulated database and broker behave as the scenarios say that the real ones do."""

import asyncio

import pytest

from tests.contract.server_scenarios import (
    DATABASE_SCENARIOS,
    Scenario,
    a_member_reads_from_where_it_was_told,
)
from tests.simulation.broker import Broker, SimulatedLog
from tests.simulation.database import Server, SimulatedDatabase
from tests.simulation.loop import Process, simulate
from tests.simulation.mischief import Mischief
from tests.simulation.statements import STATEMENTS


@pytest.mark.parametrize("scenario", DATABASE_SCENARIOS, ids=lambda one: one.__name__)
def test_the_simulated_database(scenario: Scenario) -> None:
    async def play() -> None:
        await scenario(SimulatedDatabase(Server(Mischief()), STATEMENTS))

    simulate(play())


def test_the_simulated_broker() -> None:
    async def play() -> None:
        broker = Broker(Mischief(), partitions=1)
        for number in range(10):
            broker.write(0, f"r{number}".encode())
        await a_member_reads_from_where_it_was_told(SimulatedLog(broker, Process("p")))
        await asyncio.sleep(5)

    simulate(play())
