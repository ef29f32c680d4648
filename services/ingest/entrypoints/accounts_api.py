"""The account directory over HTTP: import accounts with their borrowers, look them up."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from services.ingest.adapters.account_table import AccountTable
from services.ingest.entrypoints.entries import Body
from services.ingest.entrypoints.quarantine_api import MOST_PER_PAGE, Operator, answered
from services.kit.access.keys import Role
from services.kit.clock import Clock
from services.kit.http.auth import Principal, require
from services.kit.http.request_model import Identifier

Reader = Annotated[Principal, Depends(require(Role.OPERATOR, Role.AUDITOR))]
MOST_IMPORTED_AT_ONCE = 10_000


class AccountBody(Body):
    """An account and its borrower."""

    account_id: Identifier
    borrower_id: Identifier


class AccountsBody(Body):
    """Accounts to be known; a later borrower replaces the earlier one."""

    accounts: Annotated[list[AccountBody], Field(min_length=1, max_length=MOST_IMPORTED_AT_ONCE)]


class AccountView(BaseModel):
    """An account and its borrower."""

    account_id: str
    borrower_id: str


class AccountPage(BaseModel):
    """Some accounts by their ids; ask on with `after` for the next ones."""

    items: list[AccountView]
    after: str | None


class ImportedView(BaseModel):
    """How many accounts were taken."""

    imported: int


def accounts_router(accounts: AccountTable, *, clock: Clock) -> APIRouter:
    """Return the routes of the account directory."""
    router = APIRouter(prefix="/v1/accounts", tags=["accounts"])

    @router.get("", summary="List known accounts")
    async def list_accounts(
        _caller: Reader,
        after: Annotated[str, Query(max_length=128)] = "",
        limit: Annotated[int, Query(ge=1, le=MOST_PER_PAGE)] = 50,
    ) -> AccountPage:
        """List known accounts with their borrowers, by account id."""
        found = await answered(accounts.page(after=after, limit=limit))
        return AccountPage(
            items=[AccountView(account_id=account, borrower_id=owner) for account, owner in found],
            after=found[-1][0] if len(found) == limit else None,
        )

    @router.post("", summary="Import accounts")
    async def import_accounts(caller: Operator, body: AccountsBody) -> ImportedView:
        """Make accounts known; inputs that wait for them are then sent on by themselves."""
        known = {each.account_id: each.borrower_id for each in body.accounts}
        await answered(accounts.learn(known, source=f"import by {caller.id}", at=clock.now()))
        return ImportedView(imported=len(known))

    return router
