"""The safety lines, how each is broken, and the tests that must notice.

A line's old text must stand exactly once in its file (`tests/architecture/test_mutants.py`), so
the table cannot outlive the code. The tests are run in the order given until one fails.
"""

from dataclasses import dataclass

UNIT = "tests/unit/kit/stream"
REAL = "tests/integration/kit/stream"
SIMULATED = "tests/simulation/test_simulation.py"
HOOKS = "tests/integration/alerts/test_webhooks_are_delivered.py"
QUEUE = "tests/integration/alerts/test_real_queue_agrees.py"


@dataclass(frozen=True)
class Mutant:
    """One safety line, removed. `guards` says what it is for."""

    name: str
    guards: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        "fence-epoch",
        "an older owner cannot commit",
        "services/kit/stream/progress.py",
        "AND epoch = $4 AND next_offset = $5",
        "AND $4::bigint >= 0 AND next_offset = $5",
        (f"{REAL}/test_progress.py",),
    ),
    Mutant(
        "expected-offset",
        "a batch starts where the partition stands",
        "services/kit/stream/progress.py",
        "AND epoch = $4 AND next_offset = $5",
        "AND epoch = $4 AND $5::bigint >= 0",
        (f"{REAL}/test_progress.py",),
    ),
    Mutant(
        "claim-raises-epoch",
        "a claim fences every earlier owner",
        "services/kit/stream/progress.py",
        "SET epoch = held.epoch + 1, owner = $5",
        "SET owner = $5",
        (f"{REAL}/test_progress.py", f"{REAL}/test_fenced_consumer.py"),
    ),
    Mutant(
        "already-committed",
        "a batch whose answer got lost is not taken for a lost fence",
        "services/kit/stream/progress.py",
        "            raise AlreadyCommitted\n",
        '            raise Fenced("again")\n',
        (f"{REAL}/test_progress.py", SIMULATED),
    ),
    Mutant(
        "hold-compares-epoch",
        "a chore of an older owner is rolled back",
        "services/kit/stream/progress.py",
        "        if epoch != claim.epoch:\n",
        "        if epoch is None:\n",
        (f"{REAL}/test_progress.py", SIMULATED),
    ),
    Mutant(
        "digest-check",
        "a recreated topic is found",
        "services/kit/stream/chain.py",
        "or digest(before) != self._last_digest:",
        "or self._last_digest is None:",
        (f"{UNIT}/test_chain.py",),
    ),
    Mutant(
        "gap-is-fetched-again",
        "a gap is believed only when seen twice",
        "services/kit/stream/chain.py",
        "            return Reseek(self.wanted)\n",
        "            pass\n",
        (f"{UNIT}/test_chain.py",),
    ),
    Mutant(
        "failed-poll-casts-doubt",
        "what a failing poll swallowed is fetched again",
        "services/kit/stream/partition.py",
        "            self._chain.doubt()\n"
        "            self._ports.log.seek(self.number, self._chain.wanted)\n",
        "            pass\n",
        (f"{UNIT}/test_consumer.py",),
    ),
    Mutant(
        "revoke-waits",
        "a revoke returns after the transaction that runs",
        "services/kit/stream/partition.py",
        "async with asyncio.timeout(self._ports.limits.release_seconds), self._lock:",
        "async with asyncio.timeout(self._ports.limits.release_seconds):",
        (f"{UNIT}/test_consumer.py",),
    ),
    Mutant(
        "late-batch-is-dropped",
        "what was fetched before a rebalance is not applied after it",
        "services/kit/stream/partition.py",
        "        if self.state is not State.RUNNING:\n"
        "            return\n"
        "        try:\n"
        "            accepted",
        "        try:\n            accepted",
        (f"{UNIT}/test_partition.py", f"{UNIT}/test_consumer.py", SIMULATED),
    ),
    Mutant(
        "cache-emptied-on-retry",
        "memory of a transaction that may not have happened is forgotten",
        "services/kit/stream/partition.py",
        "                except DatabaseUnavailable as error:\n"
        "                    self._ports.handler.rolled_back(self.number)\n"
        "                    self.waiting_for_database = True\n",
        "                except DatabaseUnavailable as error:\n"
        "                    self.waiting_for_database = True\n",
        (f"{UNIT}/test_consumer.py", SIMULATED),
    ),
    Mutant(
        "cache-emptied-on-release",
        "memory of a partition that left is forgotten",
        "services/kit/stream/partition.py",
        "                await self._ports.handler.released(self.number)\n"
        "        finally:\n"
        "            self._ports.handler.rolled_back(self.number)\n",
        "                pass\n        finally:\n            pass\n",
        (f"{UNIT}/test_consumer.py", SIMULATED),
    ),
    Mutant(
        "hole-is-loud",
        "records that retention took unread stop the partition",
        "services/kit/stream/resume.py",
        "    if claim.next_offset < first:\n",
        "    if claim.next_offset < 0:\n",
        (f"{UNIT}/test_resume.py", f"{UNIT}/test_consumer.py"),
    ),
    Mutant(
        "poison-brake",
        "a flood of bad records stops the partition",
        "services/kit/stream/poison.py",
        "if bad > self._most_in_a_row and",
        "if bad > 10**9 and",
        (f"{UNIT}/test_brake.py",),
    ),
    Mutant(
        "no-offset-reset",
        "the driver never jumps to earliest or latest by itself",
        "services/kit/stream/kafka.py",
        '"auto_offset_reset": "none"',
        '"auto_offset_reset": "earliest"',
        (f"{UNIT}/test_kafka_options.py",),
    ),
    Mutant(
        "no-auto-commit",
        "the driver never commits a position by itself",
        "services/kit/stream/kafka.py",
        '"enable_auto_commit": False',
        '"enable_auto_commit": True',
        (f"{UNIT}/test_kafka_options.py",),
    ),
    Mutant(
        "acks-all",
        "acknowledged means that all replicas have it",
        "services/kit/stream/producer.py",
        '"acks": "all"',
        '"acks": 1',
        (f"{UNIT}/test_kafka_options.py",),
    ),
    Mutant(
        "idempotent-producer",
        "a retry of the driver writes nothing twice",
        "services/kit/stream/producer.py",
        '"enable_idempotence": True',
        '"enable_idempotence": False',
        (f"{UNIT}/test_kafka_options.py",),
    ),
    Mutant(
        "outbox-consecutive",
        "the relay never passes a hole",
        "services/kit/stream/relay.py",
        "    if sequence[-1] - sequence[0] + 1 != len(sequence):\n",
        "    if not sequence:\n",
        (f"{UNIT}/test_relay_rules.py", f"{REAL}/test_outbox_relay.py"),
    ),
    Mutant(
        "mark-fenced-by-epoch",
        "an older owner cannot make its successor skip a message",
        "services/kit/stream/relay.py",
        "AND partition = $1 AND epoch = $5)",
        "AND partition = $1 AND $5::bigint >= 0)",
        (f"{REAL}/test_outbox_relay.py",),
    ),
    Mutant(
        "mark-after-produce",
        "a message is deleted only after it was acknowledged",
        "services/kit/stream/relay.py",
        "        await self._publish(rows)\n\n        async def mark",
        "        async def mark",
        (SIMULATED,),
    ),
    Mutant(
        "ledger-dedup",
        "an event is applied once whatever is redelivered",
        "services/scoring/application/score_batches.py",
        "if one.offset not in repeated]",
        "if one is not None]",
        ("tests/unit/scoring/application", "tests/property/scoring/test_closing_paths.py"),
    ),
    Mutant(
        "catch-up-before-fold",
        "a borrower has every close before its next event",
        "services/scoring/application/folding.py",
        "    catch_up(held, closes, news=news)\n    _take",
        "    _take",
        ("tests/unit/scoring/application", "tests/property/scoring/test_closing_paths.py"),
    ),
    Mutant(
        "rulebook-at-day-boundary",
        "a rulebook decides from a day boundary on, never in the middle of a day",
        "services/scoring/domain/timeline.py",
        "            self.waiting.append(Waiting(event.effective_day, self.find(event)))",
        "            self.context = Context(self.find(event))",
        ("tests/unit/scoring/domain/test_timeline.py",),
    ),
    Mutant(
        "missing-rulebook-is-loud",
        "a rulebook that the log names and nobody has stops the partition",
        "services/scoring/application/shelf.py",
        "        if digest != activation.digest:",
        "        if False:",
        ("tests/unit/scoring/application/test_rulebooks_in_force.py",),
    ),
    Mutant(
        "two-people-decide",
        "one person never decides alone about a borrower",
        "services/scoring/domain/deciding.py",
        '        ("one_person", not second_person(event)),\n',
        "",
        ("tests/unit/scoring/domain/test_decisions.py",),
    ),
    Mutant(
        "sorted-rows",
        "all transactions write borrowers in one order, so none deadlocks",
        "services/scoring/adapters/states.py",
        "ordered = sorted(held, key=_name)",
        "ordered = list(held)",
        ("tests/unit/scoring/adapters/test_states_order.py",),
    ),
    Mutant(
        "sequence-gap",
        "a gap between scoring and alerts stops the partition",
        "services/alerts/adapters/risk_handler.py",
        "if verdict.place is Place.GAP:",
        "if verdict.place is None:",
        ("tests/integration/alerts/test_assessments_become_alerts.py",),
    ),
    Mutant(
        "one-open-alert",
        "a borrower has one open alert",
        "services/alerts/adapters/migrations/versions/l0001_alerts.py",
        "CREATE UNIQUE INDEX one_open_alert_per_borrower",
        "CREATE INDEX one_open_alert_per_borrower",
        ("tests/integration/alerts/test_assessments_become_alerts.py",),
    ),
    Mutant(
        "lease-token",
        "a result is recorded only under the lease it was sent with",
        "services/alerts/adapters/delivery_queue.py",
        "WHERE delivery_id = $1 AND lease_token = $2 AND status = 'PENDING'",
        "WHERE delivery_id = $1 AND $2::text IS NOT NULL AND status = 'PENDING'",
        (QUEUE,),
    ),
    Mutant(
        "order-per-borrower",
        "a later event waits behind an earlier one of its borrower",
        "services/alerts/adapters/delivery_queue.py",
        "AND NOT (endpoint.is_ordered AND EXISTS (",
        "AND NOT (false AND EXISTS (",
        (QUEUE, HOOKS),
    ),
    Mutant(
        "connect-time-address",
        "the address really dialled is judged",
        "services/alerts/adapters/judged_network.py",
        "        self._judge(host, addresses)\n",
        "",
        (f"{HOOKS}::test_a_name_that_leads_inside_is_not_dialled",),
    ),
    Mutant(
        "no-redirects",
        "a redirect is not followed",
        "services/alerts/adapters/webhook_poster.py",
        "follow_redirects=False",
        "follow_redirects=True",
        (f"{HOOKS}::test_a_failed_attempt_is_logged_and_repeated_under_the_same_id",),
    ),
    Mutant(
        "signature-compare",
        "a forged message is refused",
        "services/alerts/domain/signing.py",
        "is_genuine |= hmac.compare_digest(expected, signature)",
        "is_genuine |= True",
        ("tests/unit/alerts/test_signing.py",),
    ),
    Mutant(
        "retry-after",
        "a receiver's Retry-After is honoured",
        "services/alerts/domain/retry.py",
        "        at = max(at, attempt.ended_at + wished)\n",
        "        at = max(at, attempt.ended_at)\n",
        ("tests/unit/alerts/test_retry.py",),
    ),
    Mutant(
        "gone-disables",
        "410 disables the endpoint",
        "services/alerts/domain/retry.py",
        "    if attempt.result is AttemptResult.GONE:\n",
        "    if attempt.result is None:\n",
        ("tests/unit/alerts/test_retry.py",),
    ),
    Mutant(
        "ack-after-write",
        "202 only after the broker acknowledged",
        "services/ingest/adapters/kafka_outlet.py",
        "                await self._producer.publish(messages)\n",
        "                pass\n",
        ("tests/integration/ingest/test_events_by_http.py",),
    ),
    Mutant(
        "duplicate-keys",
        "JSON with a key twice is refused",
        "services/contracts/strict_json.py",
        "    if len(found) != len(pairs):\n",
        "    if not pairs and found:\n",
        ("tests/unit/contracts/test_strict_json.py", "tests/unit/contracts"),
    ),
    Mutant(
        "money-is-text",
        "money as a JSON number is refused",
        "services/contracts/fields.py",
        "    if isinstance(text, str) and pattern.fullmatch(text):\n",
        "    if pattern.fullmatch(str(text)):\n",
        ("tests/unit/contracts", "tests/contract"),
    ),
    Mutant(
        "key-expiry",
        "an expired API key opens nothing",
        "services/kit/access/keys.py",
        "        if self.expires_at is not None and self.expires_at <= at:\n",
        "        if self.expires_at is None:\n",
        ("tests/unit/kit/test_auth.py",),
    ),
    Mutant(
        "key-secret",
        "the secret of an API key is compared",
        "services/kit/access/keys.py",
        "        return hmac.compare_digest(secret_sha256(self.secret), stored.secret_sha256)\n",
        "        return True\n",
        ("tests/unit/kit/test_auth.py",),
    ),
)
