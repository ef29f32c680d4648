"""All indicators that the code can measure, by id.

Rulebooks choose among these; an id that is not here is refused when a rulebook is read.
"""

from typing import Final

from services.scoring.domain.indicators import (
    account_balance,
    account_conduct,
    account_customers,
    account_debts,
    account_habits,
    account_inflow,
    account_lines,
    account_returns,
    collateral_cover,
    covenant_headroom,
    cover,
    data_silence,
    outside_signals,
    related_borrowers,
    repayment_arrears,
    repayment_conduct,
    repayment_habits,
    repayment_lines,
    reviews,
    statement_balance,
    statement_debt_service,
    statement_information,
    statement_models,
    statement_results,
)
from services.scoring.domain.rulebook.rulebook import Indicator

ALL: Final[tuple[Indicator, ...]] = tuple(
    sorted(
        (
            *repayment_arrears.INDICATORS,
            *repayment_conduct.INDICATORS,
            *repayment_habits.INDICATORS,
            *repayment_lines.INDICATORS,
            *account_inflow.INDICATORS,
            *account_balance.INDICATORS,
            *account_conduct.INDICATORS,
            *account_customers.INDICATORS,
            *account_debts.INDICATORS,
            *account_habits.INDICATORS,
            *account_lines.INDICATORS,
            *account_returns.INDICATORS,
            *cover.INDICATORS,
            *statement_information.INDICATORS,
            *statement_results.INDICATORS,
            *statement_debt_service.INDICATORS,
            *statement_balance.INDICATORS,
            *statement_models.INDICATORS,
            *covenant_headroom.INDICATORS,
            *collateral_cover.INDICATORS,
            *related_borrowers.INDICATORS,
            *reviews.INDICATORS,
            *outside_signals.INDICATORS,
            *data_silence.INDICATORS,
        ),
        key=lambda indicator: indicator.slot,
    )
)
BY_ID: Final = {indicator.id: indicator for indicator in ALL}
