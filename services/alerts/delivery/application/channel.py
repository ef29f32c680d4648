"""The seam between the dispatcher and the ways to reach a receiver.

A channel delivers one message to one address and returns the result. The queue, the retry plan and
the circuit breaker are the same for all channels and stay outside: a channel neither repeats nor
waits. docs/how-to/add-a-channel.md describes how to add one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from services.alerts.delivery.domain.attempt import AttemptResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where an endpoint receives messages, how they are written, and the secrets that sign them.

    Attributes:
        recipient_id: The person of the directory whose mailbox is meant; None for all others.
        owner_id: The person whose present rights decide what the endpoint may get; None: nobody's.
    """

    format: str
    language: str
    target: str
    secrets: tuple[str, ...]
    recipient_id: str | None = None
    owner_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelMessage:
    """One event for one endpoint, the same at every attempt.

    Attributes:
        message_id: The id by which the receiver recognises a repetition.
        document: The event as it is stored in the history of its alert.
        link: The address of the borrower's risk warning card.
    """

    message_id: str
    event_type: str
    at: datetime
    document: Mapping[str, Any]
    link: str
    address: Address


class Channel(Protocol):
    """A way to reach receivers; tests/contract/test_channels.py checks every implementation."""

    async def deliver(self, message: ChannelMessage) -> AttemptResult:
        """Sends a message once.

        A receiver that cannot be reached, refuses or does not answer in time is a result, never an
        exception. The excerpt in the report has at most 16,384 characters and no NUL.
        """
        ...
