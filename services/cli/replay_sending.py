"""Sends a file of events to ingest in batches, in the order of the file, and counts the verdicts.

One request at a time, because two at once could change the order of a borrower's events. Sending a
batch again is safe: an event has the same id again, and scoring applies an id once.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import httpx2

from services.cli.api import MOST_SHOWN_CHARACTERS, UNEXPECTED
from services.cli.errors import CommandError

PATH = "/v1/events"
NDJSON = "application/x-ndjson"
MOST_BYTES = 900_000
ACCEPTED, PARKED = "accepted", "parked"
BUSY = (429, 502, 503, 504)
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0
WRONG_URL = "Check --url: it must be the address of the ingest service."
REMEDIES = {
    401: "Give a key with --key or TOCSIN_API_KEY: tocsin keys create --role SOURCE --source …",
    403: "The key needs the role SOURCE: tocsin keys create --role SOURCE --source …",
    404: WRONG_URL,
    413: "Send fewer events at a time: --batch.",
    415: WRONG_URL,
}
Verdict = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBatch:
    """Some lines of the file.

    Attributes:
        first_line: The number of its first event's line in the file, counted from 1.
        read_bytes: How much of the file it covers, empty lines included.
    """

    first_line: int
    lines: tuple[bytes, ...]
    read_bytes: int

    @property
    def body(self) -> bytes:
        """Return the body of the request."""
        return b"\n".join(self.lines) + b"\n"


def batches(
    file: Iterable[bytes], *, most_events: int, most_bytes: int = MOST_BYTES
) -> Iterator[EventBatch]:
    """Yield the batches; empty lines are skipped, an overlong line is a batch of its own."""
    lines: list[bytes] = []
    first_line, size_bytes, read_bytes = 1, 0, 0
    for number, raw in enumerate(file, start=1):
        line = raw.strip()
        if line and (len(lines) == most_events or (lines and size_bytes + len(line) > most_bytes)):
            yield EventBatch(first_line=first_line, lines=tuple(lines), read_bytes=read_bytes)
            lines, size_bytes, read_bytes = [], 0, 0
        read_bytes += len(raw)
        if line:
            if not lines:
                first_line = number
            lines.append(line)
            size_bytes += len(line) + 1
    if lines:
        yield EventBatch(first_line=first_line, lines=tuple(lines), read_bytes=read_bytes)


@dataclass(slots=True, kw_only=True)
class Sender:
    """Sends batches to ingest, one after the other.

    Attributes:
        patience_seconds: For how long one batch is tried before giving up.
        on_retry: Called with the reason and the pause before each new attempt.
    """

    client: httpx2.Client
    patience_seconds: float
    on_retry: Callable[[str, float], None]
    sleep: Callable[[float], None] = time.sleep
    chance: random.Random = field(default_factory=random.Random)

    def deliver(self, batch: EventBatch) -> list[Verdict]:
        """Return a verdict for each event of the batch.

        Raises:
            CommandError: If ingest refuses the request, or cannot take it for too long.
        """
        waited_seconds, attempt = 0.0, 0
        while True:
            answer, problem = self._post(batch)
            if answer is not None and answer.status_code not in BUSY:
                return _verdicts(answer, batch)
            pause_seconds = self._pause_seconds(answer, attempt)
            if waited_seconds + pause_seconds > self.patience_seconds:
                raise CommandError(
                    f"ingest did not take the batch at line {batch.first_line} within "
                    f"{self.patience_seconds:.0f} s: {problem}.",
                    remedy="Check the log and the readiness of ingest, then run the same command "
                    "again: events that were accepted count as duplicates.",
                )
            self.on_retry(problem, pause_seconds)
            self.sleep(pause_seconds)
            waited_seconds += pause_seconds
            attempt += 1

    def _post(self, batch: EventBatch) -> tuple[httpx2.Response | None, str]:
        try:
            answer = self.client.post(PATH, content=batch.body, headers={"Content-Type": NDJSON})
        except httpx2.TransportError as error:
            return None, f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return answer, f"it answered {answer.status_code}"

    def _pause_seconds(self, answer: httpx2.Response | None, attempt: int) -> float:
        """Return the Retry-After of the answer, or else a growing pause; both with jitter."""
        retry_after = answer.headers.get("Retry-After", "") if answer is not None else ""
        if retry_after.isdigit():
            return float(retry_after) + self.chance.uniform(0, FIRST_PAUSE_SECONDS)
        longest = min(FIRST_PAUSE_SECONDS * 2 ** min(attempt, 10), LONGEST_PAUSE_SECONDS)
        return self.chance.uniform(longest / 2, longest)


def _verdicts(answer: httpx2.Response, batch: EventBatch) -> list[Verdict]:
    try:
        document = answer.json()
    except ValueError:
        document = None
    # If no event was taken, the verdicts are in a problem document.
    if answer.is_success or (isinstance(document, dict) and "items" in document):
        return verdicts_of(document, sent=len(batch.lines))
    detail = document.get("detail") if isinstance(document, dict) else None
    raise CommandError(
        f"ingest refused the batch at line {batch.first_line} with {answer.status_code}: "
        f"{str(detail or answer.text)[:MOST_SHOWN_CHARACTERS]}",
        remedy=REMEDIES.get(answer.status_code, UNEXPECTED),
    )


def verdicts_of(document: object, *, sent: int) -> list[Verdict]:
    """Return the verdicts of a receipt, one for each event in the order sent.

    Raises:
        CommandError: If the receipt does not have one verdict for each event.
    """
    verdicts = document.get("items") if isinstance(document, dict) else None
    if not isinstance(verdicts, list) or len(verdicts) != sent:
        raise CommandError(
            f"The answer holds no verdict for each of the {sent} events; is this ingest?",
            remedy=WRONG_URL,
        )
    return verdicts


@dataclass(slots=True)
class ReplayCounts:
    """Counts the verdicts; `examples` has the line and detail of the first of each reason."""

    offered: int = 0
    batches: int = 0
    retries: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, verdicts: list[Verdict], *, first_line: int) -> None:
        """Count the verdicts of one batch."""
        self.batches += 1
        self.offered += len(verdicts)
        for line, verdict in enumerate(verdicts, start=first_line):
            status = str(verdict.get("status"))
            self.statuses[status] += 1
            if status != ACCEPTED:
                reason = str(verdict.get("reason", status))
                self.reasons[reason] += 1
                pointer, detail = str(verdict.get("pointer") or ""), str(verdict.get("detail", ""))
                example = detail if pointer in detail else f"{pointer} {detail}"
                self.examples.setdefault(reason, (line, example))

    @property
    def is_all_taken(self) -> bool:
        """Return whether each event was accepted, or waits only for its account to be known."""
        return self.statuses[ACCEPTED] + self.statuses[PARKED] == self.offered
