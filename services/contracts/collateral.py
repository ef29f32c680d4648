"""Collateral and guarantor family: what secures the loans."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from services.contracts import bounds
from services.contracts.fields import (
    BorrowerId,
    Currency,
    EffectiveDate,
    EventData,
    Identifier,
    IsoDate,
    NonNegativeMoney,
    Ratio,
    ReportedDate,
    Share,
)

LoanIds = Annotated[list[Identifier], Meta(max_length=bounds.MOST_LOANS_NAMED)]
SecuredLoanIds = Annotated[list[Identifier], Meta(min_length=1, max_length=bounds.MOST_LOANS_NAMED)]


class CollateralValuedV1(EventData, frozen=True, kw_only=True):
    """The value of a piece of collateral, and how well it is secured."""

    collateral_id: Identifier  #: The collateral.
    loan_ids: SecuredLoanIds  #: What it secures.
    type: Literal[
        "REAL_ESTATE", "VEHICLE", "MACHINERY", "STOCK", "RECEIVABLES", "SECURITIES", "CASH", "OTHER"
    ]  #: Kind of collateral.
    value: NonNegativeMoney  #: The value found.
    currency: Currency  #: Currency of the value.
    valuation_date: ReportedDate  #: The day to which the value refers.
    valuer_id: Identifier | UnsetType = UNSET  #: Who valued it.
    haircut: Share | UnsetType = UNSET  #: Discount in a forced sale, 0 to 1.
    registration_no: Identifier | UnsetType = UNSET  #: Where it is registered.
    registration_expiry_date: IsoDate | UnsetType = UNSET  #: When the registration ends.
    insurance_expiry_date: IsoDate | UnsetType = UNSET  #: When the insurance ends.
    lien_rank: Annotated[int, Meta(ge=1, le=bounds.GREATEST_LIEN_RANK)] | UnsetType = (
        UNSET  #: Our rank.
    )
    is_double_pledged: bool | UnsetType = UNSET  #: Pledged to somebody else as well.
    usage: Literal["COMMERCIAL", "RESIDENTIAL"] | UnsetType = UNSET  #: Use of property.
    loan_to_value_limit: Ratio | UnsetType = UNSET  #: Highest loan to value by contract.
    permit_expiry_date: IsoDate | UnsetType = UNSET  #: When the last permit ends.
    is_released: bool | UnsetType = UNSET  #: No longer pledged.


class GuarantorLinkedV1(EventData, frozen=True, kw_only=True):
    """Another borrower guarantees loans of this one."""

    guarantor_borrower_id: BorrowerId  #: The guarantor, as a borrower of its own.
    coverage_amount: NonNegativeMoney  #: Up to how much.
    currency: Currency  #: Currency of the amount.
    effective_date: EffectiveDate  #: From when.
    end_date: IsoDate | UnsetType = UNSET  #: Until when, exclusive; open when left out.
    loan_ids: LoanIds | UnsetType = UNSET  #: Which loans; all when left out.
