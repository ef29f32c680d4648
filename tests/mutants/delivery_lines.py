"""Safety lines of how messages are delivered."""

from tests.mutants.mutant import Mutant

ALERTS = "tests/unit/alerts"
PEOPLE = "tests/integration/alerts/test_mail_to_people.py"

LINES: tuple[Mutant, ...] = (
    Mutant(
        "mail-has-no-figure",
        "mail carries no cause and no figure",
        "services/alerts/delivery/adapters/channels/mail.py",
        "        subject=words.thin_title,\n",
        '        subject=words.document["headline"],\n',
        (f"{ALERTS}/test_mail.py::test_mail_names_no_cause_and_no_figure",),
    ),
    Mutant(
        "who-has-left-gets-no-mail",
        "mail goes to nobody who has left the bank",
        "services/alerts/delivery/adapters/directory_mailboxes.py",
        "        if member.has_left(self._clock.now().astimezone(timezone).date()):\n",
        "        if not timezone:\n",
        (f"{ALERTS}/test_mail.py::test_who_has_no_mailbox_gets_nothing",),
    ),
    Mutant(
        "relay-is-judged",
        "the address of the mail relay is judged before it is dialled",
        "services/alerts/delivery/adapters/ssrf_guard.py",
        "    check_all(host, addresses, policy=policy,",
        "    dict(host=host, addresses=addresses, policy=policy,",
        (f"{ALERTS}/test_mail.py::test_a_relay_inside_is_not_dialled_unless_it_is_named",),
    ),
    Mutant(
        "one-recipient-is-not-the-endpoint",
        "a person without a mailbox disables mail for nobody else",
        "services/alerts/delivery/adapters/channels/mail.py",
        "        if isinstance(result, Gone) and message.address.recipient_id is not None:\n",
        '        if isinstance(result, Gone) and message.address.recipient_id == "":\n',
        (f"{ALERTS}/test_mail.py::test_one_person_without_a_mailbox_disables_nothing",),
    ),
    Mutant(
        "mail-follows-present-rights",
        "what a person may no longer see is not sent to them",
        "services/alerts/delivery/adapters/directory_mailboxes.py",
        "            if not await self._rights.sees(member, borrower_id):\n",
        "            if not member:\n",
        (f"{ALERTS}/test_mail.py::test_who_may_no_longer_see_the_borrower_gets_nothing",),
    ),
    Mutant(
        "hard-trigger-waits-for-no-opening",
        "a hard trigger is mailed outside working hours",
        "services/alerts/delivery/domain/recipients.py",
        "            not_before=None if is_urgent else _opening(person_id, organisation, at),\n",
        "            not_before=_opening(person_id, organisation, at),\n",
        (f"{ALERTS}/test_recipients.py::test_a_hard_trigger_waits_for_nothing",),
    ),
    Mutant(
        "endpoint-concurrency-is-shared",
        "all processes together run no more attempts than an endpoint allows",
        "services/alerts/delivery/adapters/delivery_queue.py",
        "least(coalesce(known.slots, $5), bounded.concurrent,",
        "least(coalesce(known.slots, $5),",
        (f"{PEOPLE}::test_an_endpoint_gets_no_more_at_once_than_it_allows",),
    ),
    Mutant(
        "shared-digest-has-counts-only",
        "a digest to a shared mailbox names no borrower",
        "services/alerts/delivery/application/digests.py",
        "        listed = () if member is None else waiting\n",
        "        listed = waiting\n",
        (f"{ALERTS}/test_daily_digests.py::test_a_shared_mailbox_gets_counts_only",),
    ),
)
