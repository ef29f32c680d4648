"""Registers and changes webhook endpoints and rotates their secrets.

The form of the target is checked here (of a URL scheme, port, user info, literal addresses). The
address that is dialled is checked again at every connect, because a name can resolve differently
tomorrow.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import NoReturn

from services.alerts.delivery.application.ports import EndpointRepository
from services.alerts.delivery.application.read_models import EndpointWithSecret
from services.alerts.delivery.domain.address_policy import AddressVerdict
from services.alerts.delivery.domain.endpoint import Endpoint, EndpointSettings
from services.alerts.directory.domain.person import Person
from services.alerts.primitives import limits
from services.alerts.primitives.errors import InvalidInput, ResourceNotFound, VersionConflict
from services.kit.clock import Clock
from services.kit.ids import IdFactory


class EndpointRegistry:
    """The registry of webhook endpoints."""

    def __init__(
        self,
        *,
        repository: EndpointRepository,
        check_target: Callable[[str, str], AddressVerdict],
        clock: Clock,
        new_id: IdFactory,
        new_secret: Callable[[], str],
    ) -> None:
        self._repository = repository
        self._check_target = check_target
        self._clock = clock
        self._new_id = new_id
        self._new_secret = new_secret

    async def register(self, settings: EndpointSettings, *, person: Person) -> EndpointWithSecret:
        """Registers an endpoint; its secret is in the answer and never shown again."""
        await self._check(settings)
        secret = self._new_secret()
        endpoint = Endpoint(
            endpoint_id=self._new_id(),
            version=1,
            is_enabled=True,
            disabled_reason=None,
            failing_since=None,
            created_at=self._clock.now(),
            created_by=person.id,
            old_secret_expires_at=None,
            **vars(settings),
        )
        await self._repository.add(endpoint, secret=secret)
        return EndpointWithSecret(endpoint=endpoint, secret=secret)

    async def list_endpoints(self) -> Sequence[Endpoint]:
        """Returns every endpoint, the oldest first."""
        return await self._repository.list()

    async def get_endpoint(self, endpoint_id: str) -> Endpoint:
        """Returns one endpoint.

        Raises:
            ResourceNotFound: If no endpoint has this id.
        """
        endpoint = await self._repository.get(endpoint_id)
        if endpoint is None:
            raise ResourceNotFound(f"there is no webhook endpoint {endpoint_id}")
        return endpoint

    async def update(
        self, endpoint_id: str, settings: EndpointSettings, *, expected_version: int
    ) -> Endpoint:
        """Replaces the settings of an endpoint; its secret and its delivery log stay."""
        await self._check(settings)
        endpoint = await self.get_endpoint(endpoint_id)
        return await self._save(replace(endpoint, **vars(settings)), expected_version)

    async def disable(self, endpoint_id: str, *, reason: str, expected_version: int) -> Endpoint:
        """Stops sending; pending deliveries go out when the endpoint is enabled again."""
        endpoint = await self.get_endpoint(endpoint_id)
        disabled = replace(endpoint, is_enabled=False, disabled_reason=reason)
        return await self._save(disabled, expected_version)

    async def enable(self, endpoint_id: str, *, expected_version: int) -> Endpoint:
        """Sends again, beginning with the pending deliveries."""
        endpoint = await self.get_endpoint(endpoint_id)
        enabled = replace(endpoint, is_enabled=True, disabled_reason=None)
        return await self._save(enabled, expected_version)

    async def rotate_secret(
        self,
        endpoint_id: str,
        *,
        expected_version: int,
        overlap: timedelta = limits.DEFAULT_SECRET_OVERLAP,
    ) -> EndpointWithSecret:
        """Makes a new secret; messages carry both signatures until the old one expires."""
        secret = self._new_secret()
        rotated = await self._repository.rotate(
            endpoint_id,
            secret=secret,
            old_expires_at=self._clock.now() + overlap,
            expected_version=expected_version,
        )
        endpoint = rotated or await self._refuse_stale(endpoint_id, expected_version)
        return EndpointWithSecret(endpoint=endpoint, secret=secret)

    async def _check(self, settings: EndpointSettings) -> None:
        verdict = self._check_target(settings.format, settings.url)
        if not verdict.is_allowed:
            raise InvalidInput(f"url is refused: {verdict.reason}", pointer="/url")
        notified = settings.notice_endpoint_id
        if notified is not None and await self._repository.get(notified) is None:
            raise InvalidInput(
                f"there is no webhook endpoint {notified}", pointer="/notice_endpoint_id"
            )

    async def _save(self, endpoint: Endpoint, expected_version: int) -> Endpoint:
        saved = await self._repository.save(endpoint, expected_version=expected_version)
        return saved or await self._refuse_stale(endpoint.endpoint_id, expected_version)

    async def _refuse_stale(self, endpoint_id: str, expected_version: int) -> NoReturn:
        endpoint = await self.get_endpoint(endpoint_id)
        raise VersionConflict(expected=expected_version, current=endpoint.version)
