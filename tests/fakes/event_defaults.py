"""The fields of domain events that a test may leave out, by event type."""

from services.scoring.domain.events import accounts, credit_file, loans
from services.scoring.domain.events.event import Event
from services.scoring.domain.primitives import vocabulary

DEFAULTS: dict[type[Event], dict[str, object]] = {
    credit_file.BorrowerRegistered: {
        "country": "DE",
        "legal_form": "",
        "start_day": None,
        "group_id": None,
        "status": "",
        "origination_pd_micro": None,
        "rating": "",
        "officer_id": None,
        "branch_id": None,
    },
    loans.LoanBooked: {
        "facility_id": None,
        "loan_type": vocabulary.TERM,
        "currency": "EUR",
        "limit_minor": None,
        "drawing_power_minor": None,
        "maturity_day": None,
        "repayment_type": 0,
        "rate_micro": None,
        "purpose_code": "",
        "barred_purposes": [],
        "contractual_grace_days": 0,
        "dpd_convention": vocabulary.EXCLUSIVE,
        "holiday_calendar": "",
        "origination_officer_id": None,
        "collection_officer_id": None,
        "review_due_day": None,
        "routing_share_micro": None,
    },
    loans.RepaymentPosted: {
        "currency": "EUR",
        "channel": 0,
        "payer_account_id": None,
        "payer_is_third_party": False,
        "outstanding_principal_minor": None,
        "accrued_interest_minor": None,
        "technical_flag": False,
        "dispute_flag": False,
    },
    accounts.AccountTransacted: {
        "account_id": "a-1",
        "currency": "EUR",
        "channel": 0,
        "facility_id": None,
        "counterparty_id": None,
        "counterparty_type": 0,
        "balance_after_minor": None,
        "expected_cycle_key": None,
    },
    accounts.FacilityBalanceClosed: {
        "loan_id": None,
        "account_id": None,
        "undrawn_usable_minor": None,
        "currency": "EUR",
    },
    credit_file.CollateralValued: {
        "loan_ids": ["l-1"],
        "kind": vocabulary.REAL_ESTATE,
        "is_residential": False,
        "currency": "EUR",
        "haircut_micro": 0,
        "limit_micro": -1,
        "registered_until": 0,
        "insured_until": 0,
        "permitted_until": 0,
        "is_double_pledged": False,
        "is_released": False,
    },
    credit_file.OverrideApproved: {
        "reason": "as agreed in the credit committee",
        "loan_id": "",
        "points_micro": 0,
        "flags": 0,
        "trigger": "",
    },
    credit_file.StatementReceived: {
        "currency": "EUR",
        "is_consolidated": False,
        "accounting_standard": "HGB",
        "auditor_id": None,
        "opinion": 1,
        "going_concern_doubt": False,
        "auditor_changed": False,
        "restates_statement_id": None,
        "accounting_policy_changed": False,
        "fiscal_year_changed": False,
    },
}


def statement_lines(**lines: int) -> list[int | None]:
    """Return the lines of a statement in minor units; lines left out are missing."""
    unknown = set(lines) - set(vocabulary.STATEMENT_LINES)
    assert not unknown, unknown
    return [
        lines[name] * 100 if name in lines and name != "shares_outstanding" else lines.get(name)
        for name in vocabulary.STATEMENT_LINES
    ]
