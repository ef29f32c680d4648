"""The readiness check of the routing plan against the directory."""

from collections.abc import Awaitable, Callable

from services.alerts.directory.application.organisations import Organisations
from services.alerts.directory.domain.organisation_faults import missing_queues
from services.kit.http.health import NotReady


def routing_check(
    organisations: Organisations, queues: frozenset[str]
) -> Callable[[], Awaitable[None]]:
    """Returns a check that every queue of the routing plan is in the directory, if there is one."""

    async def check() -> None:
        organisation = await organisations.current()
        missing = () if organisation.is_empty else missing_queues(organisation, queues)
        if missing:
            raise NotReady("; ".join(str(fault) for fault in missing))

    return check
