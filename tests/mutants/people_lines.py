"""Safety lines of the people of a bank: who answers for an alert, and who may change that."""

from typing import Final

from tests.mutants.mutant import Mutant

LINES: Final = (
    Mutant(
        "roles-need-two-people",
        "one person changes nobody's roles, limits, substitutes or delegates",
        "services/alerts/directory/domain/directory_changes.py",
        'return len(path) == 3 and path[0] == "people" and path[2] in ONE_PERSON_FIELDS',
        "return True",
        ("tests/unit/alerts/test_directory_changes.py",),
    ),
    Mutant(
        "directory-names-its-predecessor",
        "a directory replaces only the version that its author has read",
        "services/alerts/directory/application/directory_registry.py",
        "            if expected_version != current:\n",
        "            if False:\n",
        ("tests/unit/alerts/test_people_api.py",),
    ),
    Mutant(
        "overtaken-directory",
        "an approval undoes no absence that was entered while it waited",
        "services/alerts/directory/application/directory_registry.py",
        "        if stored.info.follows != (active.info.version if active else None):\n",
        "        if False:\n",
        ("tests/unit/alerts/test_people_api.py",),
    ),
    Mutant(
        "absent-people-take-nothing-over",
        "work goes to somebody who is present and may handle it",
        "services/alerts/directory/domain/organisation.py",
        "if other.handles_alerts and other.is_present(on):",
        "if True:",
        ("tests/unit/alerts/test_organisation.py",),
    ),
    Mutant(
        "unknown-owners-are-refused",
        "an alert is assigned only to somebody in the directory",
        "services/alerts/decisions/application/handling.py",
        "        if refused is not None:\n",
        "        if False:\n",
        ("tests/unit/alerts/test_people_api.py",),
    ),
    Mutant(
        "unknown-officers-lose-nothing",
        "an alert of an officer whom nobody knows goes to the fallback queue",
        "services/alerts/decisions/domain/ownership.py",
        "    refusal = organisation.assignable(own.kind, own.id, on=day)\n",
        "    refusal = None\n",
        ("tests/unit/alerts/test_duties.py",),
    ),
    Mutant(
        "duties-lock-the-borrower",
        "an alert of somebody who is absent moves once, however many processes move it",
        "services/alerts/decisions/adapters/duty_sweep.py",
        " ORDER BY borrower.borrower_id FOR UPDATE SKIP LOCKED\n",
        " ORDER BY borrower.borrower_id\n",
        ("tests/integration/alerts/test_duties_of_alerts.py",),
    ),
    Mutant(
        "work-returns",
        "work returns to somebody who is present again",
        "services/alerts/decisions/domain/ownership.py",
        "    own = _entitled(owner)\n",
        "    own = owner\n",
        ("tests/unit/alerts/test_duties.py",),
    ),
    Mutant(
        "who-left-is-not-assignable",
        "nothing is assigned to somebody who has left",
        "services/alerts/directory/domain/organisation.py",
        "        if member.has_left(on):\n",
        "        if False:\n",
        ("tests/unit/alerts/test_organisation.py",),
    ),
)
