"""Registering and changing webhook endpoints, and their secrets.

The URL is judged here for its form (scheme, port, user info, literal addresses); the address
really dialled is judged again at every connect, because a name can point elsewhere tomorrow.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from services.alerts.delivery.application.ports import EndpointBook
from services.alerts.delivery.application.views import EndpointView, EndpointWithSecret
from services.alerts.delivery.domain.endpoint import Endpoint, EndpointDraft, PayloadFormat
from services.alerts.delivery.domain.endpoint_url import AddressPolicy, judge_url
from services.alerts.directory.domain.person import Person
from services.alerts.primitives.errors import InvalidInput, NotFound, VersionConflict
from services.alerts.primitives.vocabulary import AlertEventKind, Severity
from services.kit.clock import Clock
from services.kit.ids import IdFactory

LONGEST_ROTATION = timedelta(days=7)
DEFAULT_ROTATION = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointInput:
    """What a person says about an endpoint, when registering or replacing it."""

    url: str
    description: str = ""
    format: PayloadFormat = PayloadFormat.STANDARD
    event_types: Sequence[AlertEventKind] = ()
    minimum_severity: Severity = Severity.LOW
    branch_ids: Sequence[str] = ()
    segments: Sequence[str] = ()
    officer_ids: Sequence[str] = ()
    is_ordered: bool = True


class Endpoints:
    """The registry of webhook endpoints."""

    def __init__(
        self,
        *,
        book: EndpointBook,
        policy: AddressPolicy,
        clock: Clock,
        new_id: IdFactory,
        new_secret: Callable[[], str],
    ) -> None:
        self._book = book
        self._policy = policy
        self._clock = clock
        self._new_id = new_id
        self._new_secret = new_secret

    async def register(self, wanted: EndpointInput, *, person: Person) -> EndpointWithSecret:
        """Make an endpoint; its secret is in the answer and never shown again."""
        self._judge(wanted.url)
        secret = self._new_secret()
        try:
            draft = EndpointDraft(
                endpoint_id=self._new_id(),
                url=wanted.url,
                description=wanted.description,
                format=wanted.format,
                event_types=tuple(wanted.event_types),
                minimum_severity=wanted.minimum_severity,
                branch_ids=tuple(wanted.branch_ids),
                segments=tuple(wanted.segments),
                officer_ids=tuple(wanted.officer_ids),
                is_ordered=wanted.is_ordered,
                created_at=self._clock.now(),
                created_by=person.name,
            )
        except ValueError as error:
            raise InvalidInput(str(error), field="endpoint") from error
        return EndpointWithSecret(
            endpoint=await self._book.add(draft, secret=secret), secret=secret
        )

    async def list_endpoints(self) -> Sequence[EndpointView]:
        """Return every endpoint, the oldest first."""
        return await self._book.list()

    async def get_endpoint(self, endpoint_id: str) -> EndpointView:
        """Return one endpoint."""
        view = await self._book.view(endpoint_id)
        if view is None:
            raise NotFound(f"there is no webhook endpoint {endpoint_id}")
        return view

    async def update(
        self, endpoint_id: str, wanted: EndpointInput, *, expected_version: int
    ) -> EndpointView:
        """Replace what an endpoint is told; its secret and its past stay."""
        self._judge(wanted.url)
        endpoint = await self._endpoint(endpoint_id)
        changed = replace(
            endpoint,
            url=wanted.url,
            description=wanted.description,
            format=wanted.format,
            event_types=tuple(wanted.event_types),
            minimum_severity=wanted.minimum_severity,
            branch_ids=tuple(wanted.branch_ids),
            segments=tuple(wanted.segments),
            officer_ids=tuple(wanted.officer_ids),
            is_ordered=wanted.is_ordered,
        )
        return await self._save(changed, expected_version)

    async def disable(
        self, endpoint_id: str, *, reason: str, expected_version: int
    ) -> EndpointView:
        """Stop sending; what is waiting stays and goes out when it is enabled again."""
        endpoint = await self._endpoint(endpoint_id)
        disabled = replace(endpoint, is_enabled=False, disabled_reason=reason or "by hand")
        return await self._save(disabled, expected_version)

    async def enable(self, endpoint_id: str, *, expected_version: int) -> EndpointView:
        """Send again, what waited first."""
        endpoint = await self._endpoint(endpoint_id)
        enabled = replace(endpoint, is_enabled=True, disabled_reason=None)
        return await self._save(enabled, expected_version)

    async def rotate_secret(
        self,
        endpoint_id: str,
        *,
        expected_version: int,
        keep_old: timedelta = DEFAULT_ROTATION,
    ) -> EndpointWithSecret:
        """Make a new secret; messages carry both signatures until the old one expires."""
        if not timedelta(0) <= keep_old <= LONGEST_ROTATION:
            raise InvalidInput(
                f"the old secret can be kept 0 to {LONGEST_ROTATION.days} days, not {keep_old}",
                field="keep_old",
            )
        await self._endpoint(endpoint_id)
        secret = self._new_secret()
        view = await self._book.rotate(
            endpoint_id,
            secret=secret,
            old_expires_at=self._clock.now() + keep_old,
            expected_version=expected_version,
        )
        if view is None:
            raise await self._conflict(endpoint_id, expected_version)
        return EndpointWithSecret(endpoint=view, secret=secret)

    def _judge(self, url: str) -> None:
        verdict = judge_url(url, policy=self._policy)
        if not verdict.is_allowed:
            raise InvalidInput(f"url is refused: {verdict.reason}", field="url")

    async def _endpoint(self, endpoint_id: str) -> Endpoint:
        endpoint = await self._book.get(endpoint_id)
        if endpoint is None:
            raise NotFound(f"there is no webhook endpoint {endpoint_id}")
        return endpoint

    async def _save(self, endpoint: Endpoint, expected_version: int) -> EndpointView:
        view = await self._book.save(endpoint, expected_version=expected_version)
        if view is None:
            raise await self._conflict(endpoint.endpoint_id, expected_version)
        return view

    async def _conflict(self, endpoint_id: str, expected_version: int) -> VersionConflict:
        endpoint = await self._endpoint(endpoint_id)
        return VersionConflict(expected=expected_version, found=endpoint.version)
