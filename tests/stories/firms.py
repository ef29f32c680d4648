"""The borrowers with which stories begin."""

from tests.fakes.daily_story import EVEN, firm_accounts
from tests.stories.story import CreditStory

# Sales by month of a place that lives from summer.
SUMMER = (0.5, 0.5, 0.7, 0.9, 1.1, 1.4, 1.5, 1.5, 1.2, 0.9, 0.6, 0.7)


def accounts_of(factor: float = 1.0, **changes: int) -> dict[str, int]:
    """Return the annual accounts of the sound firm, a number of times as large."""
    lines = {
        "revenue": 1_440_000,
        "ebit": 110_000,
        "interest": 15_000,
        "depreciation": 40_000,
        "debt": 300_000,
        "equity": 400_000,
        "cash": 60_000,
    }
    return firm_accounts(**{name: int(amount * factor) for name, amount in lines.items()} | changes)


def sound_firm(
    firm: CreditStory,
    factor: float = 1.0,
    *,
    main_customer: float = 0,
    season: tuple[float, ...] = EVEN,
    customers: int = 6,
    owner: float = 11_000,
) -> None:
    """Begin a sound firm: sales of 120,000 a month, a loan of 240,000, annual accounts in May.

    ``main_customer`` is the share of the sales that one customer brings, ``owner`` what the owner
    takes out every month.
    """
    sales = 120_000 * factor
    firm.sells(sales * (1 - main_customer), customers=customers, season=season)
    if main_customer:
        firm.monthly("main", 12, sales * main_customer, "CUSTOMER_RECEIPT", "main-customer")
    firm.spends(
        suppliers=70_000 * factor,
        wages=25_000 * factor,
        rent=4_000 * factor,
        tax=5_000 * factor,
        season=season,
    )
    firm.monthly("owner", 28, -owner * factor, "OWN_TRANSFER", "owner")
    firm.borrows(240_000 * factor, instalment=4_000 * factor, interest=800 * factor, months=60)


def borrower_of_loans(firm: CreditStory, *loan_ids: str) -> None:
    """Begin a firm whose account is with another bank: loans of 240,000, due on the 15th.

    Each has instalments of 4,000 and 800 of interest from 15 February 2024 on.
    """
    for loan_id in loan_ids or ("l-1",):
        firm.borrows(
            240_000,
            instalment=4_000,
            interest=800,
            months=60,
            first="2024-02-15",
            loan_id=loan_id,
        )


def in_default(firm: CreditStory, *loan_ids: str) -> None:
    """Begin with such a firm and stop paying with the instalment of 15 June 2024.

    Day 91 is 14 September.
    """
    borrower_of_loans(firm, *loan_ids)
    firm.on("2024-06-01", "Nothing is paid from the instalment of 15 June on.")
    firm.stops_paying(loan_ids[-1] if loan_ids else "l-1")
    firm.by("2024-09-13", "HIGH_RISK")
    firm.by("2024-09-14", "DEFAULT", eu_default=True, ifrs9="STAGE_3", rbi="NPA", npe=True)


def person(home: CreditStory) -> None:
    """Begin a person with a salary of 2,500, a rent of 800 and a loan instalment of 300."""
    home.earns_salary(2_500)
    home.monthly("rent", 1, -800, "RENT_OUT", "landlord")
    for index, day_of_month in enumerate((4, 11, 18, 24)):
        home.monthly(f"living-{index}", day_of_month, -250, "SUPPLIER_OUT", f"shop-{index}")
    home.borrows(10_000, instalment=260, interest=40, months=48, first="2024-02-15")
