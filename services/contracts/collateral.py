"""Collateral and guarantor family: what stands behind the loans."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.contracts.fields import (
    Bool,
    Currency,
    EventData,
    Identifier,
    IsoDate,
    NonNegativeMoney,
    Ratio,
    Share,
)


class CollateralValued(EventData):
    """What a piece of collateral is worth, and how well it is held."""

    TYPE: ClassVar[str] = "collateral.valued.v1"

    collateral_id: Identifier  # The collateral.
    loan_ids: Annotated[list[Identifier], Field(min_length=1, max_length=1_000)]  # What it secures.
    type: Literal[
        "REAL_ESTATE", "VEHICLE", "MACHINERY", "STOCK", "RECEIVABLES", "SECURITIES", "CASH", "OTHER"
    ]  # Kind of collateral.
    value: NonNegativeMoney  # The value found.
    currency: Currency  # Currency of the value.
    valuation_date: IsoDate  # The day to which the value refers.
    valuer_id: Identifier | None = None  # Who valued it.
    haircut: Share | None = None  # Discount in a forced sale, 0 to 1.
    registration_no: Identifier | None = None  # Where it is registered.
    registration_expiry_date: IsoDate | None = None  # When the registration ends.
    insurance_expiry_date: IsoDate | None = None  # When the insurance ends.
    lien_rank: Annotated[int, Field(strict=True, ge=1, le=100)] | None = None  # Our rank.
    is_double_pledged: Bool | None = None  # Pledged to somebody else as well.
    usage: Literal["COMMERCIAL", "RESIDENTIAL"] | None = None  # Use of property.
    loan_to_value_limit: Ratio | None = None  # Highest loan to value by contract.
    permit_expiry_date: IsoDate | None = None  # When the last permit ends.
    is_released: Bool | None = None  # No longer held.


class GuarantorLinked(EventData):
    """Somebody stands in for this borrower."""

    TYPE: ClassVar[str] = "guarantor.linked.v1"

    guarantor_borrower_id: Identifier  # The guarantor, as a borrower of its own.
    coverage_amount: NonNegativeMoney  # Up to how much.
    currency: Currency  # Currency of the amount.
    effective_date: IsoDate  # From when.
    end_date: IsoDate | None = None  # Until when, exclusive; open when left out.
    loan_ids: Annotated[list[Identifier], Field(max_length=1_000)] | None = (
        None  # Which loans; all when left out.
    )
