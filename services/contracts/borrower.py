"""Borrower family: who the borrower is, and who it hangs together with.

`borrower.registered` is also what feeds the account directory of ingest (`account_ids`).
No personal data: names travel as hashes at most.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.contracts.fields import (
    Country,
    Currency,
    EventData,
    Identifier,
    IsoDate,
    NonNegativeMoney,
    Share,
    Text,
    WireModel,
)

Segment = Literal["RETAIL", "MICRO", "SME", "CORPORATE", "LARGE"]
GroupLinkKind = Literal[
    "CONTROL", "DEPENDENCY", "GUARANTEE", "FAMILY", "JOINT_OBLIGATION", "JOINT_MEMBER"
]


class BorrowerRegistered(EventData):
    """The borrower's profile as the bank knows it now; a later one replaces the earlier one."""

    TYPE: ClassVar[str] = "borrower.registered.v1"

    segment: Segment  # Decides rulebook overlay and materiality.
    reporting_currency: Currency  # The currency in which the borrower is measured.
    country: Country  # Country of residence or registration, ISO 3166-1 alpha-2.
    industry_code: Identifier | None = None  # The bank's industry code, for example NACE.
    legal_form: Text | None = None  # Legal form as the bank writes it.
    start_date: IsoDate | None = None  # Since when the borrower is a customer.
    group_id: Identifier | None = None  # Group of connected clients.
    status: Literal["ACTIVE", "CLOSED"] | None = None  # Whether the relationship goes on.
    origination_pd: Share | None = None  # Probability of default at origination.
    rating: Identifier | None = None  # The bank's own rating at entry.
    officer_id: Identifier | None = None  # The loan officer who owns the relationship.
    branch_id: Identifier | None = None  # The branch that owns the relationship.
    account_ids: Annotated[list[Identifier], Field(max_length=10_000)] | None = (
        None  # All accounts of the borrower; feeds the account directory.
    )
    name_hash: Identifier | None = None  # Keyed hash of the name; never the name itself.
    current_pd: Share | None = None  # The bank's probability of default now.


class GroupLinked(EventData):
    """Another borrower is linked to this one; strength is how far trouble carries over."""

    TYPE: ClassVar[str] = "group.linked.v1"

    linked_borrower_id: Identifier  # The other borrower.
    kind: GroupLinkKind  # Why they are linked.
    strength: Share | None = None  # How strong the link is, 0 to 1.
    effective_date: IsoDate  # From when.
    end_date: IsoDate | None = None  # Until when, exclusive; open when left out.


class DependantLinked(EventData):
    """Another borrower hangs on this one and is told its state; written by scoring."""

    TYPE: ClassVar[str] = "dependant.linked.v1"

    dependant_borrower_id: Identifier  # Who is to be told.
    kind: GroupLinkKind  # Why the two are linked.
    effective_date: IsoDate  # From when.


class RelatedParty(WireModel):
    """One counterparty that belongs to the borrower's circle."""

    counterparty_id: Identifier  # As it appears on account flows (hashed is fine).
    relation: Literal["OWNER", "DIRECTOR", "SUBSIDIARY", "SISTER", "FAMILY", "OTHER"]  # How.


class RelatedPartiesDeclared(EventData):
    """All related parties of the borrower; a later declaration replaces the earlier one."""

    TYPE: ClassVar[str] = "related-parties.declared.v1"

    declared_date: IsoDate  # The date of the declaration.
    related_parties: Annotated[list[RelatedParty], Field(max_length=10_000)]  # All of them.


class RelatedStateChanged(EventData):
    """The risk state of a linked borrower changed; written by scoring, one hop only."""

    TYPE: ClassVar[str] = "related-state.changed.v1"

    related_borrower_id: Identifier  # The borrower whose state changed.
    kind: GroupLinkKind  # The link between the two.
    state: Literal[
        "NORMAL", "ATTENTION", "WATCH", "HIGH_RISK", "DEFAULT", "PROBATION", "CLOSED"
    ]  # Its new state.
    from_state: (
        Literal["NORMAL", "ATTENTION", "WATCH", "HIGH_RISK", "DEFAULT", "PROBATION", "CLOSED"]
        | None
    ) = None  # Its state before.
    changed_date: IsoDate  # Since when.
    hops: Literal[1]  # How many links the news has travelled; more than one is never sent.


class ExternalDelinquencyReported(EventData):
    """A credit bureau or another lender reports arrears elsewhere."""

    TYPE: ClassVar[str] = "external-delinquency.reported.v1"

    report_date: IsoDate  # The date to which the report refers.
    reporter: Identifier  # Who reports.
    kind: Literal["ARREARS", "DEFAULT", "WRITE_OFF", "INSOLVENCY", "COURT", "CLEARED"]  # What.
    days_past_due: Annotated[int, Field(strict=True, ge=0, le=36_500)] | None = (
        None  # Days past due there.
    )
    amount: NonNegativeMoney | None = None  # The amount concerned.
    currency: Currency | None = None  # Currency of `amount`.
