"""Sound borrowers, and what looks like trouble and is none."""

from tests.fakes.daily_story import between, dues
from tests.stories.firms import SUMMER, accounts_of, borrower_of_loans, person, sound_firm
from tests.stories.story import CreditStory, days, money, on_date, story


@story(
    6,
    "A line of 150,000, used and repaid every month",
    cash="40000",
)
def a_line_used_and_repaid(firm: CreditStory) -> None:
    """A sound firm uses its overdraft every month, between 20,000 and 80,000 of a limit of
    150,000. Everything is paid when due, for two years."""
    sound_firm(firm)
    firm.uses_line(150_000, between(20_000, 80_000))
    firm.on("2024-05-15", "The annual accounts for 2023 arrive.").files("2023-12", **accounts_of())
    firm.by("2024-12-31", "NORMAL", reads=(on_date("2024-01-01"),))
    firm.on("2025-05-15", "The annual accounts for 2024 arrive.")
    firm.files("2024-12", **accounts_of(1.03))
    firm.by("2025-12-31", "NORMAL", eu_default=False, ifrs9="STAGE_1")
    firm.never("ATTENTION")


@story(10, "A restaurant that lives from summer", industry="56.10", cash="90000")
def a_seasonal_restaurant(firm: CreditStory) -> None:
    """The same two years, one after the other: sales in January are a third of those in July. It
    is never late. The first winter may bring attention, the second may not bring a warning."""
    sound_firm(firm, 0.5, season=SUMMER, customers=8, owner=8_000)
    firm.by("2024-12-31", ("NORMAL", "ATTENTION"), "The first winter begins.")
    firm.by("2025-06-30", "NORMAL", "The second summer begins as the first.")
    firm.by("2025-12-31", "NORMAL", "The second winter is as the first.")
    firm.never("WATCH")


@story(10, "A low season that is a little weaker than planned", industry="55.10", cash="90000")
def a_weak_low_season(firm: CreditStory) -> None:
    """A hotel sells 15 per cent less than planned in the low season of its second year. The
    reserve of the summer carries it, and every instalment is paid."""
    sound_firm(firm, 0.5, season=SUMMER, customers=8, owner=8_000)
    firm.on("2025-01-05", "January to March bring 15 per cent less than a year ago.")
    firm.changes("sales", 0.85)
    firm.on("2025-04-01", "Business is as planned again.").changes("sales", 1 / 0.85)
    firm.by("2025-09-30", "NORMAL")
    firm.never("WATCH")


@story(
    6,
    "An ordinary household",
    segment="RETAIL",
    cash="3000",
)
def an_ordinary_household(home: CreditStory) -> None:
    """A person earns 2,500, spends most of it before the next salary comes, and pays the
    instalment of 300 when it is due, for two years."""
    person(home)
    home.monthly("savings", 28, -400, "OWN_TRANSFER", "own-savings")
    home.by("2025-12-31", "NORMAL", reads=(on_date("2024-01-01"),))
    home.never("ATTENTION")


@story(
    4,
    "The bank loses the collection file",
    segment="RETAIL",
    cash="3000",
)
def a_technical_late_payment(home: CreditStory) -> None:
    """The collection fails for a technical reason although the money was there. The payment is
    booked a week later, marked as technical, with the due date as its value date."""
    person(home)
    home.on("2024-09-15", "The collection fails for a technical reason.").stops_paying()
    home.fails(300, "TECHNICAL")
    home.on("2024-09-22", "The payment is booked with the due date as its value date.")
    home.settles(value="2024-09-15", technical_flag=True)
    home.resumes_paying()
    home.by("2024-09-30", ("NORMAL", "ATTENTION"), eu_default=False, ifrs9="STAGE_1")
    home.by("2024-12-31", "NORMAL")
    home.never("WATCH")


@story(4, "The mandate was forgotten when the bank was changed", segment="RETAIL", cash="3000")
def a_payment_that_is_late_once(home: CreditStory) -> None:
    """One collection fails because the mandate was cancelled. Two weeks and a call later the
    borrower transfers the money. The account was never short."""
    person(home)
    home.on("2024-09-15", "The mandate was cancelled.").stops_paying()
    home.fails(300, "MANDATE_CANCELLED")
    home.on("2024-09-30", "The borrower transfers the money and renews the mandate.")
    home.settles()
    home.resumes_paying()
    home.by("2025-02-28", "NORMAL")
    home.never("WATCH")


@story(
    4,
    "Twelve euros of a second loan",
    accounts="",
)
def twelve_euros(firm: CreditStory) -> None:
    """A sound firm with a loan of 240,000 pays EUR 588 instead of EUR 600 on a small second one,
    which falls due twice a year. The EUR 12 stay open for 95 days: a note and a task for
    collections, no risk."""
    firm.borrows(240_000, instalment=4_000, interest=800, months=60)
    firm.loan(6_000, "l-2")
    firm.repay_by("l-2", dues("2024-06-20", 60, 600)[::6], version=1)
    firm.on("2024-06-20", "EUR 588 of EUR 600 are paid on the second loan.")
    firm.pays_only(0.98, "l-2")
    firm.on("2024-06-21").pays_only(1, "l-2")
    firm.by(
        "2024-09-23",
        "NORMAL",
        flags="SMALL_ARREARS",
        eu_default=False,
        ifrs9="STAGE_1",
        reads=(money(12), "l-2"),
    )
    firm.never("ATTENTION")


@story(
    5,
    "A debit fails once",
    segment="RETAIL",
    cash="3000",
)
def a_debit_fails_once(home: CreditStory) -> None:
    """The account is short by a few euros on the due date. The debit fails and is paid two days
    later. It leaves points that fade, and no more."""
    person(home)
    home.on("2024-09-15", "The debit fails for lack of funds.").pays_late(2)
    home.fails(300)
    home.by("2024-09-18", "NORMAL", "The instalment was paid two days late.")
    first = home.borrower.risk.score
    home.pays_late(0)
    home.by("2024-11-30", "NORMAL")
    home.never("ATTENTION")
    home.has_faded_from(first)


@story(5, "One instalment is presented three times", segment="RETAIL", cash="3000")
def one_instalment_presented_three_times(home: CreditStory) -> None:
    """The debit fails on the due date, three and six days later, and is paid on the eighth day. It
    is one fact: attention, and no warning."""
    person(home)
    home.on("2024-09-15", "The debit fails for lack of funds.").pays_late(8)
    home.fails(300)
    home.on("2024-09-18", "It fails again.").fails(300)
    home.on("2024-09-21", "It fails a third time.").fails(300)
    home.by("2024-09-22", "ATTENTION")
    home.on("2024-09-24", "The instalment was paid on the day before.").pays_late(0)
    home.by("2025-01-31", "NORMAL")
    home.never("WATCH")


@story(5, "A firm of which no statement ever came", accounts="")
def a_firm_without_statements(firm: CreditStory) -> None:
    """A small firm has its account with another bank, and its loan is too small for annual
    accounts. One instalment is presented three times before it is paid. What never came is no
    figure that went missing: the firm is normal again when the payment lies behind it."""
    borrower_of_loans(firm)
    firm.on("2024-09-15", "The debit fails for lack of funds.").pays_late(8)
    firm.fails(4_800)
    firm.on("2024-09-18", "It fails again.").fails(4_800)
    firm.on("2024-09-21", "It fails a third time.").fails(4_800)
    firm.by("2024-09-22", "ATTENTION")
    firm.on("2024-09-24", "The instalment was paid on the day before.").pays_late(0)
    firm.by("2025-01-31", "NORMAL")
    firm.never("WATCH")


@story(5, "Five days over the limit", cash="60000")
def five_days_over_the_limit(firm: CreditStory) -> None:
    """A large customer pays a week late, and the line is over its limit for five days, by two per
    cent. It is one fact of one family."""
    sound_firm(firm)
    firm.uses_line(100_000, between(30_000, 60_000))
    firm.on("2024-10-07", "The line is drawn to 102,000, 2,000 over its limit.")
    firm.uses_line(100_000, 102_000)
    firm.on("2024-10-12", "The customer has paid.").uses_line(100_000, between(30_000, 60_000))
    firm.by("2024-12-31", "NORMAL")
    firm.never("WATCH")


@story(4, "The due date is a holiday", accounts="")
def the_due_date_is_a_holiday(firm: CreditStory) -> None:
    """The contract names a calendar: what falls due on a holiday is due on the next business day.
    Paid on that day, it was never late."""
    firm.calendar("2024-08-15")
    firm.borrows(120_000, instalment=2_000, first="2024-02-15", months=24, holiday_calendar="DE")
    firm.on("2024-08-15", "The fifteenth is a holiday.").pays_late(1)
    firm.on("2024-08-17", "It was paid on the sixteenth.").pays_late(0)
    firm.by("2024-12-31", "NORMAL", eu_default=False)
    firm.never("ATTENTION")


@story(
    7,
    "The salary comes from a new employer",
    segment="RETAIL",
    cash="4000",
)
def a_new_employer(home: CreditStory) -> None:
    """A person changes the employer. The salary comes five days later in the month than before,
    and a little more. Nothing was lost."""
    person(home)
    home.monthly("savings", 28, -400, "OWN_TRANSFER", "own-savings")
    home.on("2024-10-01", "The first salary of the new employer comes on 1 November.")
    home.stops("salary")
    home.monthly("new-salary", 1, 2_650, "SALARY_IN", "new-employer")
    home.by("2025-03-31", "NORMAL")
    home.never("ATTENTION")


@story(1, "A better rate, and nobody was in difficulty", accounts="")
def refinanced_in_good_health(firm: CreditStory) -> None:
    """A firm that was never late gets a better rate: the own bank replaces the loan by a new one.
    That is business and no forbearance."""
    firm.borrows(240_000, instalment=4_000, interest=800, months=60, first="2024-02-15")
    firm.on("2024-11-08", "The bank replaces the loan by a cheaper one.")
    firm.refinances(204_000, "l-2", months=51)
    firm.by("2025-03-31", "NORMAL", without="FORBORNE", ifrs9="STAGE_1", china="NORMAL")
    firm.never("ATTENTION")


@story(1, "A payment holiday by statute", accounts="")
def a_payment_holiday_by_statute(firm: CreditStory) -> None:
    """A law lets all borrowers of a flooded district pause for three months. The firm was not in
    difficulty, and nobody granted it anything: no forbearance, no change of a label."""
    firm.borrows(240_000, instalment=4_000, interest=800, months=60, first="2024-02-15")
    firm.on("2024-06-20", "By statute nothing falls due until 15 October.")
    firm.pauses(until="2024-10-15", months=55, reason="STATUTORY")
    firm.by("2024-09-30", "NORMAL", without="FORBORNE", ifrs9="STAGE_1", china="NORMAL")
    firm.by("2025-01-31", "NORMAL", without="FORBORNE")
    firm.never("ATTENTION")


@story(4, "Forty days late, with a small loan", segment="MICRO", accounts="")
def a_small_loan_is_late(firm: CreditStory) -> None:
    """A micro-loan has instalments of EUR 20. Forty days without one is no small matter because
    the amount is small: twice the instalment is open, and the family of payments warns."""
    firm.borrows(480, instalment=20, months=24, first="2024-02-15")
    firm.on("2024-09-15", "Nothing is paid any more.").stops_paying()
    firm.by("2024-10-25", "WATCH", reads=(days(40),))
