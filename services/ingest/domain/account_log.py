"""The account directory as a function of the log: who has an account, and who may say so.

An assignment is a registration of a borrower with its accounts, or an import. The first source that
assigns an account owns it; of its assignments the one with the newest event time counts, whatever
the order in which they came. A handover gives an account to another source, with its borrower: from
then on the assignments of both count, and only the new owner makes more.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple


class AccountAssignment(NamedTuple):
    """An account with the borrower that a source's event gives it."""

    account_id: str
    borrower_id: str
    source: str
    event_time: datetime
    event_id: str

    @property
    def age(self) -> tuple[datetime, str]:
        """What is compared: of two events of one moment, the greater id is newer."""
        return self.event_time, self.event_id


class HandedOver(NamedTuple):
    """An account that went from its owner to another source."""

    account_id: str
    from_source: str
    to_source: str
    time: datetime


def directory_of(
    assignments: Iterable[AccountAssignment], handovers: Iterable[HandedOver]
) -> dict[str, AccountAssignment]:
    """Returns the newest assignment of each account, under the source that owns it now."""
    owners: dict[str, str] = {}
    earlier: dict[str, set[str]] = {}
    for handover in sorted(handovers, key=lambda each: each.time):
        owners[handover.account_id] = handover.to_source
        sources = (handover.from_source, handover.to_source)
        earlier.setdefault(handover.account_id, set()).update(sources)
    owned = [
        each._replace(source=owners[each.account_id])
        if each.source in earlier.get(each.account_id, ())
        else each
        for each in assignments
    ]
    return newest_by_account(owned, owners=owners)


def newest_by_account(
    assignments: Iterable[AccountAssignment], *, owners: Mapping[str, str]
) -> dict[str, AccountAssignment]:
    """Returns the newest assignment of each account by its owner.

    Args:
        owners: The source that owns an account, where it is known; otherwise the source of the
            oldest event does.
    """
    by_account: dict[str, list[AccountAssignment]] = {}
    for each in assignments:
        by_account.setdefault(each.account_id, []).append(each)
    newest = {}
    for account_id, of_account in by_account.items():
        owner = owners.get(account_id) or min(of_account, key=lambda each: each.age).source
        own = [each for each in of_account if each.source == owner]
        if own:
            newest[account_id] = max(own, key=lambda each: each.age)
    return newest
