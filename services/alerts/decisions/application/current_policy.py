"""The alert policy with the people of the directory as they are now."""

from dataclasses import replace

from services.alerts.decisions.domain.policy import AlertPolicy
from services.alerts.directory.application.organisations import Organisations
from services.kit.database import Connection


class CurrentPolicy:
    """Reads the policy for one transaction."""

    def __init__(self, policy: AlertPolicy, organisations: Organisations) -> None:
        self._policy = policy
        self._organisations = organisations

    async def read(self, connection: Connection) -> AlertPolicy:
        """Returns the policy with the organisation that is active in a transaction."""
        return replace(self._policy, organisation=await self._organisations.current(connection))
