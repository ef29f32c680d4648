"""One dispatcher as a process: `python -m tests.delivery_torture.dispatcher_process URL NAME`."""

import asyncio
import signal
import ssl
import sys
from datetime import timedelta
from itertools import count
from random import SystemRandom

from services.alerts.delivery.adapters.channels.http_poster import HttpPoster
from services.alerts.delivery.adapters.channels.registry import ChannelRegistry
from services.alerts.delivery.adapters.delivery_queue import PostgresDeliveryQueue
from services.alerts.delivery.adapters.name_resolver import NameResolver
from services.alerts.delivery.adapters.sealing import Sealer
from services.alerts.delivery.application.dispatcher import Dispatcher, DispatchLimits
from services.alerts.delivery.domain.address_policy import LOOPBACK, AddressPolicy
from services.alerts.metrics import ALERTS_CATALOGUE
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.clock import SystemClock
from services.kit.database import close_pool, create_pool
from services.kit.metrics import Metrics

SEALING_KEY = b"k" * 32
LEASE_SECONDS = 6.0
DEADLINE_SECONDS = 2.0
STEPS = tuple(timedelta(seconds=s) for s in (0, 0.2, 0.5, 1, 2, 4, 8, 16, 32, 64))
POLICY = AddressPolicy(
    allowed_networks=LOOPBACK, allows_http=True, allows_any_port=True, allows_inside_names=True
)


async def main(url: str, name: str) -> None:
    """Dispatches until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    pool = await create_pool(url, role="tocsin_alerts", application_name=name, max_connections=8)
    names = NameResolver()
    poster = HttpPoster(
        policy=POLICY,
        ssl_context=ssl.create_default_context(),
        resolver=names.resolve,
        deadline_seconds=DEADLINE_SECONDS,
    )
    clock, numbers = SystemClock(), count()
    dispatcher = Dispatcher(
        queue=PostgresDeliveryQueue(
            pool=pool, sealer=Sealer([SEALING_KEY]), card_link=lambda _: "https://bank.com/card"
        ),
        channel=ChannelRegistry(poster=poster, clock=clock, policy=POLICY),
        clock=clock,
        recorder=Metrics((*KIT_CATALOGUE, *ALERTS_CATALOGUE)),
        new_token=lambda: f"{name}-{next(numbers)}",
        draw=SystemRandom().random,
        limits=DispatchLimits(lease_seconds=LEASE_SECONDS),
        steps=STEPS,
    )
    try:
        await dispatcher.run(stop)
    finally:
        await poster.close()
        await names.close()
        await close_pool(pool)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
