"""Borrowers that get worse before anything is late."""

from tests.fakes.daily_story import between, rising
from tests.fakes.units import day
from tests.stories.firms import SUMMER, accounts_of, person, sound_firm
from tests.stories.story import CreditStory, story


@story(
    10,
    "A restaurant loses its second season",
    industry="56.10",
    cash="90000",
)
def a_lost_season(firm: CreditStory) -> None:
    """The restaurant of the sound story, but its second summer brings 40 per cent less. That is no
    season: a warning comes within it, for the sales."""
    sound_firm(firm, 0.5, season=SUMMER, customers=8, owner=8_000)
    firm.on("2025-05-01", "From May on sales are 40 per cent below those of a year ago.")
    firm.changes("sales", 0.6)
    firm.by("2025-10-15", ("WATCH", "HIGH_RISK"), lit="A-01")
    firm.reached("WATCH", since="2025-05-01", by="2025-09-30")


def _loses_its_main_customer(firm: CreditStory, factor: float) -> None:
    sound_firm(firm, factor, main_customer=0.6)
    limit = 100_000 * factor
    firm.uses_line(limit, between(0.25 * limit, 0.35 * limit))
    firm.on("2024-05-15").files("2023-12", **accounts_of(factor))
    firm.by("2024-12-31", "NORMAL")
    firm.on("2025-01-01", "The customer with 60 per cent of the sales leaves.")
    firm.stops("main")
    firm.stops("owner")
    firm.changes("suppliers", 0.55)
    firm.uses_line(limit, rising("2025-01-15", 180, 0.3 * limit, limit))
    firm.monthly("drawn", 14, 11_000 * factor, "LOAN_IN_OWN", "this-bank")
    firm.on("2025-04-01", "Wages are cut by 40 per cent.").changes("wages", 0.6)
    firm.on("2025-05-10", "A new lender pays out a loan.")
    firm.flow(20_000 * factor, "LOAN_IN_OTHER", counterparty_id="lender-1")
    firm.monthly("lender-1", 22, -2_000 * factor, "DEBT_SERVICE_OTHER", "lender-1")
    firm.on("2025-06-10", "A second new lender pays out a loan.")
    firm.flow(20_000 * factor, "LOAN_IN_OTHER", counterparty_id="lender-2")
    firm.monthly("lender-2", 23, -2_500 * factor, "DEBT_SERVICE_OTHER", "lender-2")
    firm.on("2025-08-01", "The line is full.").stops("drawn")
    firm.on("2025-09-01", "The instalment of 1 September is the first that is not paid.")
    firm.stops_paying()
    firm.by("2025-09-01", ("WATCH", "HIGH_RISK"))
    firm.reached("WATCH", since="2025-01-01", by="2025-06-03")
    firm.never_eases(since="2025-06-03", until="2025-09-01")


@story(
    7,
    "A firm loses its main customer",
    cash="85000",
)
def the_main_customer_leaves(firm: CreditStory) -> None:
    """Sales fall by 60 per cent, the line fills from 30 to 100 per cent within half a year, wages
    are cut, new lenders appear. The first instalment is missed eight months later: the warning
    stands for 90 days by then, and the score does not fall any more."""
    _loses_its_main_customer(firm, 1)


@story(
    6,
    "A corporate loses its main customer",
    segment="CORPORATE",
    cash="850000",
)
def the_main_customer_of_a_corporate_leaves(firm: CreditStory) -> None:
    """The same as a firm ten times as large, of the segment CORPORATE."""
    _loses_its_main_customer(firm, 10)


@story(
    8,
    "The salary stops and savings melt",
    segment="RETAIL",
    cash="6000",
)
def the_salary_stops(home: CreditStory) -> None:
    """The last salary comes on 27 January. The savings last for some months of rent, living and
    instalments; the one of 15 June is the first that is missed."""
    person(home)
    home.monthly("savings", 28, -400, "OWN_TRANSFER", "own-savings")
    home.by("2025-01-31", "NORMAL")
    home.on("2025-02-01", "There is no salary any more.").stops("salary")
    home.stops("savings")
    home.by("2025-04-13", ("ATTENTION", "WATCH", "HIGH_RISK"), "45 days after the missing salary.")
    home.on("2025-06-15", "The instalment of 15 June is not paid.").stops_paying()
    home.by("2025-06-15", ("WATCH", "HIGH_RISK"))
    home.reached("ATTENTION", since="2025-02-01", by="2025-04-13")
    home.reached("WATCH", since="2025-02-01", by="2025-06-14")


@story(
    7,
    "The proceeds of a loan go elsewhere",
    cash="60000",
)
def the_proceeds_go_elsewhere(firm: CreditStory) -> None:
    """A loan for machines is drawn, and within ten days 90 per cent of it go to a related party
    and into securities, which the contract bars. The suspicion is proposed to risk, and the signal
    stays until somebody has explained it."""
    sound_firm(firm)
    firm.declares_related("sister-company")
    firm.borrows(
        100_000,
        instalment=2_000,
        months=50,
        loan_id="l-2",
        first="2024-07-15",
        barred_purposes=["SECURITIES"],
    )
    firm.on("2024-06-03", "100,000 are drawn for machines.").draws(100_000, loan_id="l-2")
    firm.flow(100_000, "LOAN_IN_OWN", counterparty_id="this-bank")
    firm.on("2024-06-06", "45,000 go to a sister company.")
    firm.flow(-45_000, "RELATED_OUT", counterparty_id="sister-company")
    firm.on("2024-06-11", "45,000 go to a broker.")
    firm.flow(-45_000, "SECURITIES_OUT", counterparty_id="broker")
    firm.by("2024-06-12", "WATCH", flags="FRAUD_RED_FLAG_PROPOSED", lit="A-12", reads=("l-2",))
    firm.by("2024-12-31", "WATCH", "Nobody has explained it.", lit="A-12")
    firm.is_lit("A-12", since="2024-06-12", until="2024-12-31")


@story(6, "Two new lenders", cash="60000")
def two_new_lenders(firm: CreditStory) -> None:
    """Within a month a firm borrows from two lenders that were not known. One red signal of a
    serious kind is attention in every segment."""
    sound_firm(firm)
    firm.on("2024-09-03", "A new lender pays out a loan.")
    firm.flow(20_000, "LOAN_IN_OTHER", counterparty_id="lender-1")
    firm.monthly("lender-1", 22, -1_000, "DEBT_SERVICE_OTHER", "lender-1")
    firm.on("2024-09-25", "A second one does.")
    firm.flow(20_000, "LOAN_IN_OTHER", counterparty_id="lender-2")
    firm.monthly("lender-2", 23, -1_000, "DEBT_SERVICE_OTHER", "lender-2")
    firm.by("2024-10-31", "ATTENTION", lit="A-18")


@story(6, "The wages are cut", cash="60000")
def the_wages_are_cut(firm: CreditStory) -> None:
    """A firm of long standing pays 40 per cent less in wages, two months in a row."""
    sound_firm(firm)
    firm.on("2024-10-01", "Wages are 40 per cent lower from October on.").changes("wages", 0.6)
    firm.by("2024-11-30", "ATTENTION", lit="A-16")


@story(6, "The cover melts away", accounts="")
def the_cover_melts_away(firm: CreditStory) -> None:
    """The property behind a loan of 240,000 is valued again, at 180,000 after 300,000. Everything
    is paid; the loan is no longer covered."""
    firm.borrows(240_000, instalment=4_000, interest=800, months=60, first="2024-02-15")
    firm.collateral(300_000)
    firm.by("2024-09-30", "NORMAL")
    firm.on("2024-10-01", "It is valued again, at 180,000.")
    firm.collateral(180_000, valued_day=day("2024-10-01"))
    firm.by("2024-10-31", "ATTENTION", lit="C-01")


@story(
    7,
    "Money for the next instalment is missing until it is paid",
    cash="8000",
)
def the_next_instalment_is_not_covered(firm: CreditStory) -> None:
    """Fifteen days before the due date the account cannot pay the instalment. The signal stays lit
    until that instalment is paid, on the due date and after it too."""
    sound_firm(firm)
    firm.on("2024-10-16", "The account is nearly empty after a large purchase.")
    firm.flow(-(firm.cash - 200), "SUPPLIER_OUT", counterparty_id="supplier-0")
    firm.stops("sales")
    firm.on("2024-11-01", "The instalment of 1 November is not paid.").stops_paying()
    firm.by("2024-11-20", ("ATTENTION", "WATCH", "HIGH_RISK"), lit="A-14")
    firm.is_lit("A-14", since="2024-10-20", until="2024-11-20")
