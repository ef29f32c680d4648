"""Parents, guarantors and customers: what others' trouble does."""

from tests.stories.firms import borrower_of_loans
from tests.stories.story import CreditStory, story


@story(6, "The parent is in default", accounts="")
def the_parent_is_in_default(firm: CreditStory) -> None:
    """A sound subsidiary pays everything. Its controlling parent defaults: high risk."""
    borrower_of_loans(firm)
    firm.link("parent", "CONTROL")
    firm.on("2024-09-02", "The parent defaults.").related_state("parent", "DEFAULT")
    firm.by("2024-09-02", "HIGH_RISK", lit="C-05")


@story(6, "A guarantor of 40 per cent is in default", accounts="")
def a_guarantor_is_in_default(firm: CreditStory) -> None:
    """A guarantor covers 100,000 of an exposure of some 210,000 and defaults: a warning."""
    borrower_of_loans(firm)
    firm.guarantor("guarantor", 100_000)
    firm.on("2024-09-02", "The guarantor defaults.").related_state("guarantor", "DEFAULT")
    firm.by("2024-09-02", "WATCH", lit="C-04")


@story(6, "A guarantor of 10 per cent is in default", accounts="")
def a_small_guarantor_is_in_default(firm: CreditStory) -> None:
    """A guarantor covers 20,000 of an exposure of some 210,000 and defaults. It is a signal; a
    warning of its own it is not."""
    borrower_of_loans(firm)
    firm.guarantor("guarantor", 20_000)
    firm.on("2024-09-02", "The guarantor defaults.").related_state("guarantor", "DEFAULT")
    firm.by("2024-09-02", ("NORMAL", "ATTENTION"), lit="C-04")


@story(
    6,
    "A customer with 40 per cent of the sales is in default",
    accounts="",
)
def a_customer_is_in_default(firm: CreditStory) -> None:
    """A supplier sells 40 per cent to one customer, which banks here too and defaults: a warning
    before the first invoice stays unpaid."""
    borrower_of_loans(firm)
    firm.link("customer", "DEPENDENCY", 0.4)
    firm.on("2024-09-02", "The customer defaults.").related_state("customer", "DEFAULT")
    firm.by("2024-09-02", "WATCH", lit="C-05")


@story(1, "The parent gets over its default", accounts="")
def the_parent_is_cured(firm: CreditStory) -> None:
    """The parent is in probation five months later. The subsidiary leaves high risk only when two
    people approve it."""
    borrower_of_loans(firm)
    firm.link("parent", "CONTROL")
    firm.on("2024-09-02", "The parent defaults.").related_state("parent", "DEFAULT")
    firm.by("2024-09-02", "HIGH_RISK")
    firm.on("2025-02-03", "The parent is in probation.").related_state("parent", "PROBATION")
    firm.by("2025-04-30", "HIGH_RISK")
