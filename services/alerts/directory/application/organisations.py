"""The port of the active directory."""

from typing import Protocol

from services.alerts.directory.domain.organisation import Organisation
from services.kit.database import Connection


class Organisations(Protocol):
    """The directory that is active now."""

    async def current(self, connection: Connection | None = None) -> Organisation:
        """Returns the active version; without a directory the organisation of a bank without one.

        With a connection it is read in the transaction of the caller, so that a person's step is
        judged by the version that is active at its commit.
        """
        ...


class FixedOrganisation:
    """The organisation of a bank whose directory never changes, such as one without any."""

    def __init__(self, organisation: Organisation) -> None:
        self._organisation = organisation

    async def current(self, connection: Connection | None = None) -> Organisation:
        """Returns the organisation."""
        return self._organisation
