"""Lists all indicators that the code can measure, by id.

Rulebooks choose among these; an id that is not here is refused when a rulebook is read.
"""

from typing import Final

from services.scoring.domain.indicators import (
    account_conduct,
    account_flows,
    account_history,
    account_lines,
    account_liquidity,
    credit_file,
    external,
    repayment_arrears,
    repayment_conduct,
    statement_balance,
    statement_information,
    statement_models,
    statement_results,
    statement_warnings,
)
from services.scoring.domain.indicators.declaration import DECLARED
from services.scoring.domain.rulebook.rulebook import Indicator

# Imported for what they declare: a module that is not listed here declares nothing.
MODULES: Final = (
    account_conduct,
    account_flows,
    account_history,
    account_lines,
    account_liquidity,
    credit_file,
    external,
    repayment_arrears,
    repayment_conduct,
    statement_balance,
    statement_information,
    statement_models,
    statement_results,
    statement_warnings,
)
ALL: Final[tuple[Indicator, ...]] = tuple(
    sorted(DECLARED.values(), key=lambda declared: declared.slot)
)
BY_ID: Final = {declared.id: declared for declared in ALL}
