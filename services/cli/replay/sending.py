"""Delivers one batch, patiently: what may pass is tried again, what cannot is explained at once."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx2

from services.cli.errors import CommandError
from services.cli.replay.batches import Batch
from services.cli.replay.tally import Verdict, verdicts_of

PATH = "/v1/events"
NDJSON = "application/x-ndjson"
BUSY = (429, 502, 503, 504)
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0
REMEDIES = {
    401: "Give a key with --key or TOCSIN_API_KEY: tocsin keys create --role SOURCE --source …",
    403: "The key needs the role SOURCE: tocsin keys create --role SOURCE --source …",
    404: "Check --url: it must be the address of the ingest service.",
    413: "Send fewer events at a time: --batch.",
    415: "Check --url: it must be the address of the ingest service.",
}


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

    def deliver(self, batch: Batch) -> list[Verdict]:
        """Return a verdict for each event of the batch.

        Raises:
            CommandError: If ingest refuses the request, or cannot take it for too long.
        """
        waited_seconds, attempt = 0.0, 0
        while True:
            answer, trouble = self._post(batch)
            if answer is not None and answer.status_code not in BUSY:
                return self._read(answer, batch)
            pause_seconds = self._pause_seconds(answer, attempt)
            if waited_seconds + pause_seconds > self.patience_seconds:
                raise CommandError(
                    f"ingest did not take the batch at line {batch.first_line} within "
                    f"{self.patience_seconds:.0f} s: {trouble}.",
                    remedy="Look at the log and the readiness of ingest, then run the same "
                    "command again: what was already taken counts as a duplicate.",
                )
            self.on_retry(trouble, pause_seconds)
            self.sleep(pause_seconds)
            waited_seconds += pause_seconds
            attempt += 1

    def _post(self, batch: Batch) -> tuple[httpx2.Response | None, str]:
        try:
            answer = self.client.post(PATH, content=batch.body, headers={"Content-Type": NDJSON})
        except httpx2.TransportError as error:
            return None, f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return answer, f"it answered {answer.status_code}"

    def _pause_seconds(self, answer: httpx2.Response | None, attempt: int) -> float:
        """Return what Retry-After asks for, else a growing pause; never all at the same moment."""
        asked = answer.headers.get("Retry-After", "") if answer is not None else ""
        if asked.isdigit():
            return float(asked) + self.chance.uniform(0, FIRST_PAUSE_SECONDS)
        longest = min(FIRST_PAUSE_SECONDS * 2 ** min(attempt, 10), LONGEST_PAUSE_SECONDS)
        return self.chance.uniform(longest / 2, longest)

    @staticmethod
    def _read(answer: httpx2.Response, batch: Batch) -> list[Verdict]:
        # When no event was taken, the verdicts come inside a problem document.
        document = _json(answer)
        if answer.is_success or (isinstance(document, dict) and "items" in document):
            return verdicts_of(document, sent=len(batch.lines))
        raise CommandError(
            f"ingest refused the batch at line {batch.first_line} with {answer.status_code}: "
            f"{answer.text[:400]}",
            remedy=REMEDIES.get(answer.status_code, "See the answer above."),
        )


def _json(answer: httpx2.Response) -> object:
    try:
        document: object = answer.json()
    except ValueError:
        return None
    return document
