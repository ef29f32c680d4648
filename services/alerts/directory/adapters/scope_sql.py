"""The row rights of a person as a condition of SQL, written once for every statement.

A statement takes `parameter(scope)` as its first parameter and puts `visible(column)` into its
WHERE clause, so what a person may not see never reaches this process.
"""

import msgspec

from services.alerts.directory.domain.scope import Scope


def parameter(scope: Scope) -> str | None:
    """Returns a scope as the parameter $1 of a statement; NULL sees everything."""
    if scope.everything:
        return None
    ids = {
        "officers": sorted(scope.officer_ids),
        "branches": sorted(scope.branch_ids),
        "queues": sorted(scope.queue_ids),
    }
    return msgspec.json.encode(ids).decode("utf-8")


def _is_among(column: str, ids: str) -> str:
    # An array, not a set of rows, so that the index of the column serves.
    return f"{column} = ANY (ARRAY(SELECT json_array_elements_text($1::json -> '{ids}')))"


_OWNERS = " OR ".join(
    f"(own.{owner}_kind = '{kind}' AND {_is_among(f'own.{owner}_id', ids)})"
    for owner in ("owner", "second_owner")
    for kind, ids in (("OFFICER", "officers"), ("QUEUE", "queues"))
)
# By the officer and the branch that the borrower has now, whatever its older alerts name.
_BORROWER_IDS = f"""
SELECT own.borrower_id FROM alerts.borrower AS own
 WHERE {_is_among("own.officer_id", "officers")} OR {_is_among("own.branch_id", "branches")}
 UNION ALL SELECT own.borrower_id FROM alerts.alert AS own WHERE {_OWNERS}"""


def visible(borrower_id: str) -> str:
    """Returns the condition that the scope $1 has the borrower with the id in a column."""
    return f"($1::json IS NULL OR {borrower_id} IN ({_BORROWER_IDS}))"
