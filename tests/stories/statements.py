"""What statements, covenants and auditors say, and what their absence does."""

from tests.fakes.daily_story import firm_accounts
from tests.stories.firms import accounts_of, borrower_of_loans
from tests.stories.story import CreditStory, number, on_date, story


@story(
    6,
    "A corporate that cannot carry its debt",
    segment="CORPORATE",
    start="2022-06-01",
    accounts="",
)
def a_corporate_cannot_carry_its_debt(firm: CreditStory) -> None:
    """Everything is paid. The accounts show debt service covered to 0.12, debt of ten times
    EBITDA, interest covered to 0.3 and the second loss in a row. The warning comes with the
    statement."""
    firm.borrows(24_000_000, instalment=472_000, months=48, first="2022-07-15")
    lines = firm_accounts(
        22_000_000,
        ebit=800_000,
        interest=1_000_000,
        depreciation=500_000,
        debt=7_000_000,
        equity=4_000_000,
        cash=300_000,
        capex=0,
    )
    firm.on("2023-05-20", "The accounts for 2022 arrive, with a first small loss.")
    firm.files("2022-12", **lines)
    firm.on("2024-05-20", "The accounts for 2023 arrive.")
    lines = firm_accounts(
        20_000_000,
        ebit=300_000,
        interest=1_000_000,
        depreciation=500_000,
        debt=8_300_000,
        equity=3_300_000,
        cash=300_000,
        capex=0,
    )
    firm.files("2023-12", **lines)
    firm.by("2024-05-20", "WATCH", lit="F-05 F-06 F-07 F-04", reads=(number(0.12),))


@story(
    6,
    "Interest is not earned for two years",
    accounts="",
)
def interest_is_not_earned(firm: CreditStory) -> None:
    """EBIT covers 0.8 and then 0.7 of the interest, with net debt. The loan is paid from what the
    firm owns."""
    borrower_of_loans(firm)
    lines = {"depreciation": 160_000, "debt": 500_000, "equity": 500_000, "cash": 40_000}
    firm.on("2024-05-15", "The accounts for 2023 arrive: interest is covered to 0.8.")
    firm.files("2023-12", **firm_accounts(1_400_000, ebit=40_000, interest=50_000, **lines))
    firm.on("2025-05-15", "The accounts for 2024 arrive: interest is covered to 0.7.")
    firm.files("2024-12", **firm_accounts(1_400_000, ebit=35_000, interest=50_000, **lines))
    firm.by("2025-05-15", "WATCH", lit="F-06")


@story(6, "Own funds are gone, with a loss", accounts="")
def own_funds_are_gone(firm: CreditStory) -> None:
    """The balance sheet shows negative equity, and the year a loss."""
    borrower_of_loans(firm)
    firm.on("2024-05-15", "The accounts for 2023 arrive.")
    lines = firm_accounts(
        1_400_000,
        ebit=-20_000,
        interest=15_000,
        depreciation=60_000,
        debt=600_000,
        equity=-30_000,
        cash=40_000,
    )
    firm.files("2023-12", **lines)
    firm.by("2024-05-15", ("WATCH", "HIGH_RISK"), lit="F-08")


@story(6, "A property company has its own measures", industry="68.20", accounts="")
def a_property_company(firm: CreditStory) -> None:
    """A property company has debt of nine times EBITDA by nature, and its debt service is covered
    by rent and refinancing. The rules for trading firms do not apply to it."""
    borrower_of_loans(firm)
    firm.on("2024-05-15", "The accounts for 2023 arrive.")
    lines = firm_accounts(
        400_000,
        ebit=220_000,
        interest=90_000,
        depreciation=80_000,
        debt=2_800_000,
        equity=1_200_000,
        cash=60_000,
    )
    firm.files("2023-12", **lines)
    firm.by("2024-12-31", ("NORMAL", "ATTENTION"))
    firm.never("WATCH")


@story(6, "A loss, and no sales", accounts="")
def a_loss_without_sales(firm: CreditStory) -> None:
    """A firm reports no sales and a loss. A ratio to sales cannot be formed; that is no green."""
    borrower_of_loans(firm)
    lines = accounts_of()
    for name in ("revenue", "cogs", "gross_profit", "ebit"):
        del lines[name]
    lines |= {"profit_before_tax": -40_000, "net_income": -40_000}
    firm.on("2024-05-15", "The accounts for 2023 arrive.").files("2023-12", **lines)
    firm.by("2024-05-15", ("NORMAL", "ATTENTION", "WATCH"), lit="F-04")


@story(
    6,
    "The auditor doubts that the firm goes on",
    accounts="",
)
def going_concern_doubt(firm: CreditStory) -> None:
    """The figures are not bad. The auditor's report doubts that the firm is a going concern."""
    borrower_of_loans(firm)
    firm.on("2024-05-15", "The accounts for 2023 arrive, with a doubt of the auditor.")
    firm.files("2023-12", marks={"going_concern_doubt": True}, **accounts_of())
    firm.by("2024-05-15", "HIGH_RISK", lit="F-19")


@story(
    13,
    "A covenant is broken, waived and kept again",
    accounts="",
)
def a_covenant_is_broken(firm: CreditStory) -> None:
    """Debt service is covered to 0.9 where 1.2 was agreed. A waiver is asked for. Half a year
    later it is covered to 1.4, and the way back is open."""
    borrower_of_loans(firm)
    firm.on("2024-05-15").files("2023-12", **accounts_of())
    firm.on("2024-06-30", "The certificate shows 1.3.").covenant(1.3, 1.2)
    firm.by("2024-12-30", "NORMAL")
    firm.on("2024-12-31", "The certificate shows 0.9, and a waiver is asked for.")
    firm.covenant(0.9, 1.2, waiver=True)
    firm.by("2024-12-31", "WATCH", lit="F-18", reads=("DSCR", number(0.9), number(1.2)))
    firm.on("2025-05-15").files("2024-12", **accounts_of())
    firm.on("2025-06-30", "The certificate shows 1.4.").covenant(1.4, 1.2)
    firm.by("2025-09-30", "WATCH", flags="RELAXATION_PROPOSED")


@story(
    6,
    "A covenant is still broken when the cure period ends",
    accounts="",
)
def a_covenant_is_not_cured(firm: CreditStory) -> None:
    """Debt service is covered to 0.9 where 1.2 was agreed, with sixty days to cure it. Nothing
    happens in them."""
    borrower_of_loans(firm)
    firm.on("2024-12-31", "The certificate shows 0.9; it must be cured until 1 March.")
    firm.covenant(0.9, 1.2, cure="2025-03-01")
    firm.by("2025-02-28", "WATCH")
    firm.by("2025-03-03", "HIGH_RISK", "The cure period is over.", reads=("DSCR",))


@story(
    9,
    "No statement comes, and none was announced",
    accounts="",
)
def no_statement_comes(firm: CreditStory) -> None:
    """The firm sent its accounts for 2023 and sends no others. No due date is known: one is
    derived, 180 days after the period, 29 June 2025. The old figures end after 18 months."""
    borrower_of_loans(firm)
    firm.on("2024-05-15", "The accounts for 2023 arrive.")
    firm.files("2023-12", is_dated=False, **accounts_of())
    firm.by("2025-06-28", "NORMAL")
    firm.by("2025-07-02", "NORMAL", "The figures of 2023 are 18 months old.")
    firm.has_gap("F-0", "stale")
    firm.by("2025-07-16", "ATTENTION", "The accounts are more than 15 days late.", lit="F-01")
    firm.by(
        "2025-09-29", "WATCH", "They are more than 90 days late.", reads=(on_date("2025-06-29"),)
    )


@story(9, "The statement comes late, and is good", accounts="")
def a_late_statement_is_good(firm: CreditStory) -> None:
    """The accounts are three months late because the accountant was ill. They are as good as those
    of the year before, and the state is proposed to be eased."""
    borrower_of_loans(firm)
    firm.on("2024-05-15", "The accounts for 2023 arrive.").files("2023-12", **accounts_of())
    firm.on("2024-12-31", "The accounts for 2024 are due on 29 June.")
    firm.statement_due("2024-12-31", "2025-06-29")
    firm.by("2025-07-16", "ATTENTION", lit="F-01")
    firm.on("2025-09-15", "They arrive.").files("2024-12", **accounts_of(1.02))
    firm.by("2025-12-31", "NORMAL")
    firm.never("WATCH")


@story(
    9,
    "The fiscal year was changed",
    accounts="",
)
def the_fiscal_year_was_changed(firm: CreditStory) -> None:
    """A firm changes its fiscal year. Growth from one year to the other cannot be measured; it is
    neither good nor bad."""
    borrower_of_loans(firm)
    firm.on("2024-05-15", "The accounts for 2023 arrive.").files("2023-12", **accounts_of())
    firm.on("2025-05-15", "Those for 2024 arrive, with another fiscal year.")
    firm.files("2024-12", marks={"fiscal_year_changed": True}, **accounts_of(0.6))
    firm.by("2025-05-15", ("NORMAL", "ATTENTION"))
    firm.has_gap("F-02", "")
