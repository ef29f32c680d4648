"""Safety lines of how messages are delivered."""

from tests.mutants.mutant import Mutant

ALERTS = "tests/unit/alerts"

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
)
