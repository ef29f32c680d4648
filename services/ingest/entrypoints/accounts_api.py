"""The account directory over HTTP: import accounts with their borrowers, list them."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.ingest.adapters.account_table import AccountTable
from services.ingest.application.accounts import AccountImport
from services.ingest.application.intake_log import AccountsImported
from services.ingest.entrypoints.quarantine_api import Operator, Reader
from services.ingest.entrypoints.request_models import MAX_PER_PAGE, AccountsBody
from services.ingest.entrypoints.response_models import AccountPage, AccountView, ImportedView
from services.kit.clock import Clock
from services.kit.http.json_route import JsonRoute
from services.kit.ids import time_ordered_id


def accounts_router(
    accounts: AccountTable, account_import: AccountImport, *, clock: Clock
) -> APIRouter:
    """Returns the routes of the account directory."""
    router = APIRouter(prefix="/v1/accounts", route_class=JsonRoute, tags=["accounts"])

    @router.get("", summary="List known accounts")
    async def list_accounts(
        _caller: Reader,
        after: Annotated[str, Query(max_length=128)] = "",
        limit: Annotated[int, Query(ge=1, le=MAX_PER_PAGE)] = 50,
    ) -> AccountPage:
        """List known accounts with their borrowers, by account id."""
        page = await accounts.page(after=after, limit=limit)
        return AccountPage(
            items=[
                AccountView(account_id=account, borrower_id=borrower) for account, borrower in page
            ],
            after=page[-1][0] if len(page) == limit else None,
        )

    @router.post("", summary="Import accounts")
    async def import_accounts(_caller: Operator, body: AccountsBody) -> ImportedView:
        """Import accounts of a source; inputs that are parked for them are then released."""
        borrowers = {each.account_id: each.borrower_id for each in body.accounts}
        await account_import.run(
            AccountsImported(
                id=f"import:{time_ordered_id()}",
                source=body.source,
                time=clock.now(),
                accounts=tuple(borrowers.items()),
            )
        )
        return ImportedView(imported=len(borrowers))

    return router
