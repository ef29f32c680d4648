"""Borrower family: who the borrower is, and to whom it is linked.

`borrower.registered` is also what feeds the account directory of ingest (`account_ids`).
No personal data: names travel as hashes at most.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from services.contracts import bounds
from services.contracts.fields import (
    BorrowerId,
    Country,
    Currency,
    EffectiveDate,
    EventData,
    Identifier,
    IsoDate,
    NonNegativeMoney,
    ReportedDate,
    Share,
    Text,
    WireObject,
)
from services.contracts.officer import RiskState

Segment = Literal["RETAIL", "MICRO", "SME", "CORPORATE", "LARGE"]
GroupLinkKind = Literal[
    "CONTROL", "DEPENDENCY", "GUARANTEE", "FAMILY", "JOINT_OBLIGATION", "JOINT_MEMBER"
]


AccountIds = Annotated[list[Identifier], Meta(max_length=bounds.MOST_ACCOUNTS)]
DaysPastDue = Annotated[int, Meta(ge=0, le=bounds.GREATEST_DAYS_PAST_DUE)]


class BorrowerRegisteredV1(EventData, frozen=True, kw_only=True):
    """The borrower's current profile; a later one replaces the earlier one."""

    segment: Segment  #: Decides rulebook overlay and materiality.
    reporting_currency: Currency  #: The currency in which the borrower is measured.
    country: Country  #: Country of residence or registration, ISO 3166-1 alpha-2.
    industry_code: Identifier | UnsetType = UNSET  #: The bank's industry code, for example NACE.
    legal_form: Text | UnsetType = UNSET  #: Legal form as the bank writes it.
    start_date: ReportedDate | UnsetType = UNSET  #: Since when the borrower is a customer.
    group_id: Identifier | UnsetType = UNSET  #: Group of connected clients.
    status: Literal["ACTIVE", "CLOSED"] | UnsetType = UNSET  #: Whether the relationship goes on.
    origination_pd: Share | UnsetType = UNSET  #: Probability of default at origination.
    rating: Identifier | UnsetType = UNSET  #: The bank's own rating at entry.
    officer_id: Identifier | UnsetType = UNSET  #: The loan officer who owns the relationship.
    branch_id: Identifier | UnsetType = UNSET  #: The branch that owns the relationship.
    account_ids: AccountIds | UnsetType = UNSET  #: All accounts of the borrower.
    name_hash: Identifier | UnsetType = UNSET  #: Keyed hash of the name; never the name itself.
    current_pd: Share | UnsetType = UNSET  #: The bank's probability of default now.


class GroupLinkedV1(EventData, frozen=True, kw_only=True):
    """Another borrower is linked to this one; strength is how far trouble carries over."""

    linked_borrower_id: BorrowerId  #: The other borrower.
    kind: GroupLinkKind  #: Why they are linked.
    strength: Share | UnsetType = UNSET  #: How strong the link is, 0 to 1.
    effective_date: EffectiveDate  #: From when.
    end_date: IsoDate | UnsetType = UNSET  #: Until when, exclusive; open when left out.


class DependantLinkedV1(EventData, frozen=True, kw_only=True):
    """Another borrower depends on this one and receives its state changes; written by scoring."""

    dependant_borrower_id: BorrowerId  #: The borrower that receives them.
    kind: GroupLinkKind  #: Why the two are linked.
    effective_date: IsoDate  #: From when.


class RelatedPartyV1(WireObject, frozen=True, kw_only=True):
    """One counterparty that belongs to the borrower's circle."""

    counterparty_id: Identifier  #: As it appears on account flows (hashed is fine).
    relation: Literal["OWNER", "DIRECTOR", "SUBSIDIARY", "SISTER", "FAMILY", "OTHER"]  #: How.


RelatedParties = Annotated[list[RelatedPartyV1], Meta(max_length=bounds.MOST_RELATED_PARTIES)]


class RelatedPartiesDeclaredV1(EventData, frozen=True, kw_only=True):
    """All related parties of the borrower; a later declaration replaces the earlier one."""

    declared_date: ReportedDate  #: The date of the declaration.
    related_parties: RelatedParties  #: All of them.


class RelatedStateChangedV1(EventData, frozen=True, kw_only=True):
    """The risk state of a linked borrower changed; written by scoring, one hop only."""

    related_borrower_id: BorrowerId  #: The borrower whose state changed.
    kind: GroupLinkKind  #: The link between the two.
    state: RiskState  #: Its new state.
    from_state: RiskState | UnsetType = UNSET  #: Its state before.
    changed_date: IsoDate  #: Since when.
    hops: Literal[1]  #: Links between the two borrowers; always one.


class ExternalDelinquencyReportedV1(EventData, frozen=True, kw_only=True):
    """A credit bureau or another lender reports arrears elsewhere."""

    report_date: ReportedDate  #: The date to which the report refers.
    reporter: Identifier  #: Who reports.
    kind: Literal["ARREARS", "DEFAULT", "WRITE_OFF", "INSOLVENCY", "COURT", "CLEARED"]  #: What.
    days_past_due: DaysPastDue | UnsetType = UNSET  #: Days past due there.
    amount: NonNegativeMoney | UnsetType = UNSET  #: The amount concerned.
    currency: Currency | UnsetType = UNSET  #: Currency of `amount`.
