"""The answers to commands in memory, for applications without a database."""

from datetime import datetime

from services.kit.clock import Clock
from services.kit.http.idempotency import ClaimState, KeyClaim, KeyedCommand, StoredAnswer


class MemoryCommands:
    """Implements `CommandStore`; keys last for ever."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.claims: dict[tuple[str, str], tuple[KeyedCommand, datetime]] = {}
        self.answers: dict[tuple[str, str], StoredAnswer] = {}

    async def claim(self, command: KeyedCommand) -> KeyClaim:
        name, now = (command.actor, command.key), self._clock.now()
        if name not in self.claims:
            self.claims[name] = command, now
            return KeyClaim(state=ClaimState.CLAIMED, at=now)
        if self.claims[name][0] != command:
            return KeyClaim(state=ClaimState.OTHER_REQUEST, at=now)
        answer = self.answers.get(name)
        state = ClaimState.IN_FLIGHT if answer is None else ClaimState.ANSWERED
        return KeyClaim(state=state, at=now, answer=answer)

    async def finish(self, command: KeyedCommand, claim: KeyClaim, answer: StoredAnswer) -> None:
        self.answers[command.actor, command.key] = answer

    async def release(self, command: KeyedCommand, claim: KeyClaim) -> None:
        del self.claims[command.actor, command.key]
