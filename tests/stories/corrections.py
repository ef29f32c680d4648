"""Mistakes of sources, and their corrections: afterwards nothing happened."""

from tests.stories.firms import accounts_of, borrower_of_loans
from tests.stories.story import CreditStory, story


@story(
    11,
    "A payment with a wrong year",
    accounts="",
)
def a_payment_with_a_wrong_year(firm: CreditStory) -> None:
    """A payment of 15 March 2025 is sent with the year 2026, as value date and as booking date,
    and reversed a month later. The right one was there all the time."""
    borrower_of_loans(firm)
    firm.on("2025-03-16")
    other = firm.fork()
    firm.on("2025-03-16", "The payment is sent again, with the year 2026.")
    firm.today += 365
    wrong = firm.pays(4_800)
    firm.today -= 365
    firm.on("2025-04-16", "The mistake is reversed.").reverses(wrong, 4_800)
    firm.by("2025-04-30", "NORMAL", eu_default=False, ifrs9="STAGE_1", china="NORMAL")
    firm.by("2025-12-31", "NORMAL")
    firm.is_same_as(other.on("2026-01-01"), "without the mistake")
    firm.never("ATTENTION")


@story(11, "A payment of somebody else", accounts="")
def a_payment_of_somebody_else(firm: CreditStory) -> None:
    """The instalment of 15 June is not paid, but a stranger's payment is credited to the loan.
    Forty days later it is reversed: the instalment is 40 days late, as if nothing had come."""
    borrower_of_loans(firm)
    firm.on("2024-06-15", "A stranger's payment is credited.").stops_paying()
    wrong = firm.pays(4_800)
    firm.by("2024-06-30", "NORMAL")
    firm.on("2024-07-25", "It is reversed.").reverses(wrong, 4_800)
    firm.by("2024-07-25", "WATCH", ifrs9="STAGE_2", china="SPECIAL_MENTION", rbi="SMA-1")


@story(11, "A statement in thousands", accounts="")
def a_statement_in_thousands(firm: CreditStory) -> None:
    """The accounts of 2024 are sent with the revenue in thousands: a fall by 99.9 per cent. A week
    later they are restated."""
    borrower_of_loans(firm)
    firm.on("2024-05-15", "The accounts for 2023 arrive.").files("2023-12", **accounts_of())
    firm.on("2025-05-15")
    other = firm.fork()
    other.files("2024-12", **accounts_of(1.02))
    firm.on("2025-05-15", "Those for 2024 arrive with the revenue in thousands.")
    firm.files("2024-12", **accounts_of(1.02) | {"revenue": 1_468})
    firm.on("2025-05-22", "They are sent again.").files("2024-12", **accounts_of(1.02))
    firm.by("2025-12-31", "NORMAL")
    firm.is_same_as(other.on("2026-01-01"), "without the mistake")


@story(11, "A limit with a digit too few", accounts="")
def a_limit_with_a_digit_too_few(firm: CreditStory) -> None:
    """The limit of a line is sent as 10,000 instead of 100,000, and sent again, right, after three
    days. The line was never over its limit."""
    firm.uses_line(100_000, 60_000)
    firm.on("2024-09-02")
    other = firm.fork()
    firm.on("2024-09-02", "The limit is sent as 10,000.").limit(10_000)
    firm.on("2024-09-05", "It is sent again, for the same day.").limit(100_000, since="2024-09-02")
    firm.by("2024-12-31", "NORMAL")
    firm.is_same_as(other.on("2025-01-01"), "without the mistake")


@story(
    11,
    "A loan is closed by mistake",
    accounts="",
)
def a_loan_is_closed_by_mistake(firm: CreditStory) -> None:
    """The wrong loan is written off, and the write-off is reversed a week later. A write-off is a
    default; one that was a mistake was none."""
    borrower_of_loans(firm)
    firm.on("2024-09-02")
    other = firm.fork()
    firm.on("2024-09-02", "The loan is written off by mistake.")
    wrong = firm.ends("WRITTEN_OFF")
    firm.on("2024-09-09", "That is reversed.").ends("WRITTEN_OFF", kind="reversal", corrects=wrong)
    firm.by("2024-12-31", "NORMAL", eu_default=False, npe=False, ifrs9="STAGE_1")
    firm.is_same_as(other.on("2025-01-01"), "without the mistake")
