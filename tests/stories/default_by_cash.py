"""Default begins by days or by judgement, and ends by cash: paper changes nothing."""

from services.scoring.domain.primitives import vocabulary
from tests.fakes.daily_story import dues
from tests.stories.firms import borrower_of_loans, in_default
from tests.stories.story import CreditStory, days, money, story

LATE_FOR_LONG = ("SUBSTANDARD", "DOUBTFUL", "LOSS")
# What is left after a default that was none: it eases like every state.
NOT_IN_DEFAULT = ("NORMAL", "ATTENTION", "WATCH", "HIGH_RISK")
# The labels of a default that lasts.
BAD: dict[str, object] = {
    "eu_default": True,
    "ifrs9": "STAGE_3",
    "npe": True,
    "rbi": "NPA",
    "china": LATE_FOR_LONG,
}


@story(
    3,
    "A loan in dollars, and no rate",
    accounts="",
)
def a_loan_without_a_rate(firm: CreditStory) -> None:
    """A firm that is measured in euros has one loan, in dollars, and the log has no rate. It is
    not paid for 192 days. Without a rate materiality cannot be tested, and the days count all the
    same."""
    firm.borrows(100_000, instalment=2_000, months=48, first="2024-02-15", currency="USD")
    firm.on("2024-06-01", "Nothing is paid from the instalment of 15 June on.").stops_paying()
    firm.by("2024-08-15", "HIGH_RISK", "61 days.", reads=(days(61),))
    firm.has_gap("", "no_rate")
    firm.by("2024-09-13", "HIGH_RISK", "90 days.")
    firm.by("2024-09-14", "DEFAULT", "91 days.", eu_default=True, ifrs9="STAGE_3")
    firm.by("2024-12-24", "DEFAULT", "192 days.", **BAD)
    firm.has_gap("", "no_rate")


@story(
    3,
    "A line without a booking, over its limit",
    accounts="",
)
def a_line_over_its_limit(firm: CreditStory) -> None:
    """The bank sends only the daily balances of a line: limit 100,000, drawn to 60,000, then to
    120,000 for 136 days. It is a loan like every other."""
    firm.uses_line(100_000, 60_000)
    firm.on("2024-06-01", "The line is drawn to 120,000.").uses_line(100_000, 120_000)
    firm.by("2024-07-05", ("WATCH", "HIGH_RISK"), "More than 30 days.")
    firm.by("2024-08-05", "HIGH_RISK", "More than 60 days.")
    firm.by("2024-08-28", "HIGH_RISK")
    firm.by("2024-08-31", "DEFAULT", "91 days.", reads=(money(20_000), "f-1"))
    firm.by("2024-10-14", "DEFAULT", "136 days.", **BAD)


@story(1, "A default that is paid in cash", accounts="")
def a_default_paid_in_cash(firm: CreditStory) -> None:
    """At 100 days the firm pays everything that is open, and then every instalment. Probation
    begins; default ends three months later, with an assessment that it is able to pay."""
    in_default(firm)
    firm.on("2024-09-23", "Everything that is open is paid.").settles()
    firm.resumes_paying()
    firm.by("2024-09-24", "PROBATION", eu_default=True, ifrs9="STAGE_3", npe=True)
    firm.by("2024-12-20", "PROBATION", eu_default=True, ifrs9="STAGE_3", npe=True)
    firm.on("2024-12-21", "It is assessed as able to pay.").inspection("SATISFACTORY")
    firm.by("2024-12-31", "PROBATION", eu_default=False, npe=False, without="FORBORNE")


@story(1, "Paid in cash, and nobody assessed the ability to pay", accounts="")
def no_assessment_of_ability(firm: CreditStory) -> None:
    """The same, but nobody has recorded that the firm is able to pay: no label is cured."""
    in_default(firm)
    firm.on("2024-09-23", "Everything that is open is paid.").settles()
    firm.resumes_paying()
    firm.by("2025-01-31", "PROBATION", eu_default=True, ifrs9="STAGE_3", npe=True)


@story(
    1,
    "Refinanced by the own bank",
    accounts="",
)
def refinanced_in_default(firm: CreditStory) -> None:
    """At 146 days the own bank pays the loan off by a new one and closes it. The new loan takes
    over default, arrears and clock: a cure takes 12 months of cash from the measure on, and until
    cash equals the arrears of 24,000 not even probation begins."""
    in_default(firm)
    firm.on("2024-11-08", "The own bank refinances the loan and closes the old one.")
    firm.refinances(232_000, "l-2", months=58)
    firm.by("2024-11-09", "DEFAULT", flags="FORBORNE", **BAD)
    firm.by("2025-02-20", "DEFAULT", "Three new instalments are paid.", flags="FORBORNE", **BAD)
    firm.by("2025-11-07", ("DEFAULT", "PROBATION"), eu_default=True, ifrs9="STAGE_3", npe=True)
    firm.never("CLOSED", since="2024-11-08")


@story(
    1,
    "Arrears paid by transfer from a new own loan",
    accounts="",
)
def paid_by_an_own_loan(firm: CreditStory) -> None:
    """In default the bank pays out a second loan of 30,000. Two days later the arrears of 24,000
    come by transfer. The channel says nothing: it is a refinancing."""
    in_default(firm)
    firm.on("2024-11-08", "30,000 of a new loan are paid out.")
    firm.loan(30_000, "l-2")
    firm.repay_by("l-2", dues("2024-12-08", 30, 1_000), version=1)
    firm.draws(30_000, payee="a-9", loan_id="l-2")
    firm.on("2024-11-10", "The arrears are paid by transfer.")
    firm.settles(channel=vocabulary.REPAYMENT_CHANNELS.index("TRANSFER"))
    firm.resumes_paying()
    firm.by("2024-11-11", "DEFAULT", flags="FORBORNE", **BAD)
    firm.by("2025-02-28", "DEFAULT", flags="FORBORNE", **BAD)


@story(
    1,
    "Arrears paid with the loan of a sister company",
    accounts="",
)
def paid_by_a_sister(firm: CreditStory) -> None:
    """In default a sister company borrows from the own bank and pays the arrears for the firm. The
    claim is extinguished; a regular payment of the firm it is not."""
    in_default(firm)
    firm.link("sister", "CONTROL")
    firm.on("2024-11-10", "The sister company pays 24,000.")
    firm.settles(payer_is_third_party=True, channel=1)
    firm.by("2024-11-11", "DEFAULT", eu_default=True, ifrs9="STAGE_3", npe=True)
    firm.by("2025-02-28", "DEFAULT", "The firm pays nothing itself.", **BAD)


@story(
    1,
    "A commercial change of the schedule",
    accounts="",
)
def a_commercial_change(firm: CreditStory) -> None:
    """At 121 days a schedule change for a commercial reason moves everything that is open to 2025.
    Nobody calls it a concession. Nobody paid either."""
    in_default(firm)
    firm.on("2024-10-14", "What is open falls due from 15 January 2025 on.")
    firm.change_terms(reason="COMMERCIAL", dues=dues("2025-01-15", 56, 4_000, 800))
    firm.by("2024-10-15", "DEFAULT", **BAD)
    firm.resumes_paying()
    firm.by("2025-01-31", "DEFAULT", "One instalment is paid.", **BAD)


@story(
    1,
    "Arrears are capitalised",
    accounts="",
)
def arrears_are_capitalised(firm: CreditStory) -> None:
    """At 121 days the arrears are added to the principal, and smaller instalments begin in a
    month. The first three are paid."""
    in_default(firm)
    firm.on("2024-10-14", "The arrears are added to the principal.")
    rows = dues("2024-11-15", 80, 3_000, 600)
    firm.change_terms(reason="CONCESSION", kind="CAPITALISATION", dues=rows)
    firm.resumes_paying()
    firm.by("2024-10-15", "DEFAULT", flags="FORBORNE", **BAD)
    firm.by("2025-02-10", "DEFAULT", "Three new instalments are paid.", flags="FORBORNE", **BAD)


@story(
    1,
    "Arrears are forgiven",
    accounts="",
)
def arrears_are_forgiven(firm: CreditStory) -> None:
    """At 121 days the bank waives the four open instalments, and the rest goes on as agreed. A
    debt that the bank gave up was not paid."""
    in_default(firm)
    firm.on("2024-10-14", "The bank waives what is open.")
    rows = dues("2024-10-15", 52, 4_000, 800)
    firm.change_terms(reason="CONCESSION", kind="FORGIVENESS", dues=rows, loss=0.08)
    firm.resumes_paying()
    firm.by("2024-10-20", "DEFAULT", **BAD)
    firm.by("2025-01-10", "DEFAULT", "Three instalments are paid.", **BAD)


@story(
    1,
    "One of two loans is written off",
    accounts="",
)
def one_of_two_loans_is_written_off(firm: CreditStory) -> None:
    """One loan is paid, the other is in default and written off. The obligor stays in default as
    long as the claim is open, and every label says so."""
    in_default(firm, "l-1", "l-2")
    firm.on("2024-10-01", "The second loan is written off.").ends("WRITTEN_OFF", "l-2")
    del firm.repaid["l-2"]
    labels = {**BAD, "china": "LOSS"}
    firm.by("2024-10-02", "DEFAULT", **labels)
    firm.by("2025-03-31", "DEFAULT", "The first loan is paid as agreed.", **labels)


@story(
    1,
    "One of two loans is sold",
    accounts="",
)
def one_of_two_loans_is_sold(firm: CreditStory) -> None:
    """A loan that is 45 days late is sold, and nobody says for how much. A sale at a loss defaults
    the other loan, and an unknown price in a bad state counts as one."""
    borrower_of_loans(firm, "l-1", "l-2")
    firm.on("2024-06-01", "The second loan is not paid any more.").stops_paying("l-2")
    firm.by("2024-07-30", "WATCH")
    firm.on("2024-07-31", "It is sold at an unknown price.").ends("SOLD", "l-2")
    del firm.repaid["l-2"]
    firm.by("2024-08-01", "DEFAULT", eu_default=True, ifrs9="STAGE_3", npe=True)
    firm.by("2024-12-31", ("DEFAULT", "PROBATION"), eu_default=True)


@story(
    1,
    "The last loan is written off, and a new one is granted",
    accounts="",
)
def a_new_loan_after_a_loss(firm: CreditStory) -> None:
    """The only loan is written off in default and the claim is closed: that is the end, with a
    loss. A year later the bank lends again. The borrower begins in probation."""
    in_default(firm)
    firm.on("2024-10-01", "The loan is written off.").ends("WRITTEN_OFF")
    del firm.repaid["l-1"]
    firm.by("2024-10-02", "DEFAULT", eu_default=True, china="LOSS", rbi="NPA")
    firm.on("2025-03-03", "The claim is given up and closed.").ends("CANCELLED")
    firm.by("2025-03-04", "CLOSED")
    firm.on("2025-10-01", "A new loan is granted.")
    firm.borrows(20_000, instalment=500, months=40, first="2025-11-15", loan_id="l-2")
    firm.by("2025-10-31", "PROBATION")


@story(
    1,
    "Restructured in default, and late again",
    accounts="",
)
def late_again_in_probation(firm: CreditStory) -> None:
    """In default the instalments are extended. The firm pays the new ones until they equal the
    arrears, and probation begins. Then one is missed for 31 days."""
    in_default(firm)
    firm.on("2024-10-01", "The loan is restructured: instalments go on from 15 November.")
    firm.change_terms(
        reason="CONCESSION", kind="EXTENSION", dues=dues("2024-11-15", 60, 4_000, 800)
    )
    firm.resumes_paying()
    firm.by("2025-01-31", "DEFAULT", "Three instalments, less than the arrears.", **BAD)
    firm.by("2025-03-01", "PROBATION", "Four instalments equal them.", flags="FORBORNE", **BAD)
    firm.on("2025-05-01", "The instalment of 15 May is not paid.").stops_paying()
    firm.by("2025-06-14", "PROBATION", "30 days.")
    firm.by("2025-06-15", "DEFAULT", "31 days.", flags="FORBORNE", **BAD)


@story(
    1,
    "A limit that is raised while it is exceeded",
    accounts="",
)
def a_limit_is_raised(firm: CreditStory) -> None:
    """A line is over its limit for 104 days, and then the limit is raised above what is drawn. No
    cent came in."""
    firm.borrows(120_000, instalment=2_000, months=60, first="2024-02-15")
    firm.uses_line(100_000, 60_000)
    firm.on("2024-06-01", "The line is drawn to 120,000.").uses_line(100_000, 120_000)
    firm.by("2024-09-12", "DEFAULT", "104 days.", **BAD)
    firm.on("2024-09-13", "The limit is raised to 150,000.").limit(150_000)
    firm.uses_line(150_000, 120_000)
    firm.by("2024-09-13", "DEFAULT", **BAD)
    firm.by("2025-01-15", "DEFAULT", **BAD)


@story(
    1,
    "The limit is raised one day after the excess was repaid",
    accounts="",
)
def a_limit_is_raised_a_day_later(firm: CreditStory) -> None:
    """In default the excess is repaid for one day. The next day the limit is raised, and the line
    is drawn again to what it was. Arrears that a new draw covers within five days were not paid."""
    firm.borrows(120_000, instalment=2_000, months=60, first="2024-02-15")
    firm.uses_line(100_000, 60_000)
    firm.on("2024-06-01", "The line is drawn to 120,000.").uses_line(100_000, 120_000)
    firm.by("2024-09-12", "DEFAULT", "104 days.", **BAD)
    firm.on("2024-09-13", "20,000 are repaid.").uses_line(100_000, 100_000)
    firm.on("2024-09-14", "The limit is raised to 150,000, and 20,000 are drawn again.")
    firm.limit(150_000)
    firm.uses_line(150_000, 120_000)
    firm.by("2024-09-15", "DEFAULT", **BAD)
    firm.by("2025-01-15", "DEFAULT", **BAD)


@story(
    1,
    "Unlikely to pay, with an expiry",
    accounts="",
)
def unlikely_to_pay_expires(firm: CreditStory) -> None:
    """Two people record that the firm is unlikely to pay, until 1 September. Nobody comes back to
    it. The decision does not lapse into a cure: a review is open."""
    borrower_of_loans(firm)
    firm.on("2024-06-03", "The firm is recorded as unlikely to pay.")
    firm.decide("UTP", trigger="OTHER", until="2024-09-01")
    firm.by("2024-06-04", "DEFAULT", flags="UTP", eu_default=True, ifrs9="STAGE_3", npe=True)
    firm.by("2024-09-02", "DEFAULT", "It expired.", flags="REVIEW_DUE", eu_default=True, npe=True)
    firm.by("2025-01-15", "DEFAULT", eu_default=True, ifrs9="STAGE_3", npe=True)


@story(
    1,
    "A suspicion of fraud, with an expiry",
    accounts="",
)
def a_fraud_flag_expires(firm: CreditStory) -> None:
    """Two people flag a suspicion of fraud for three months. It does not end because nobody came
    back to it."""
    borrower_of_loans(firm)
    firm.on("2024-06-03", "The suspicion is flagged.")
    firm.decide("FLAG", flag="FRAUD_RED_FLAG", until="2024-09-01")
    firm.by("2024-08-31", "NORMAL", flags="FRAUD_RED_FLAG")
    firm.by("2024-09-15", "NORMAL", "It expired.", flags="FRAUD_RED_FLAG REVIEW_DUE")


@story(
    1,
    "A guarantor pays the arrears",
    accounts="",
)
def a_guarantor_pays(firm: CreditStory) -> None:
    """In default a guarantor pays everything that is open, and the firm pays the next instalments
    itself. The claim is extinguished. Default and its clock go on until the firm's own payments
    equal what the guarantor paid."""
    in_default(firm)
    firm.guarantor("g-1", 240_000)
    firm.on("2024-10-01", "The guarantor pays 19,200.").settles(channel=6)
    firm.resumes_paying()
    firm.by("2024-10-02", "DEFAULT", **BAD)
    firm.by("2025-01-10", "DEFAULT", "Three own instalments are paid.", eu_default=True, npe=True)
    firm.owes_nothing()


@story(
    1,
    "Collateral is realised",
    accounts="",
)
def collateral_is_realised(firm: CreditStory) -> None:
    """In default a pledged machine is sold, and its price pays everything that is open. The firm
    pays nothing itself."""
    in_default(firm)
    firm.on("2024-10-01", "The price of the machine pays 19,200.").settles(channel=4)
    firm.by("2024-10-02", "DEFAULT", **BAD)
    firm.by("2025-01-10", "DEFAULT", eu_default=True, ifrs9="STAGE_3", npe=True)


@story(1, "The exposure grows", accounts="")
def the_exposure_grows(firm: CreditStory) -> None:
    """Three instalments of 1,000 of a loan of 48,000 are open, and from then on every instalment
    is paid. After 91 days it is default. Then a loan of 400,000 is granted, and 3,000 are less
    than one per cent of everything. A share that falls because the whole grows ends no default."""
    firm.borrows(48_000, instalment=1_000, months=48, first="2024-02-15")
    firm.on("2024-06-01", "Three instalments are not paid, from 15 June on.").stops_paying()
    firm.on("2024-09-01").resumes_paying()
    firm.by("2024-09-14", "DEFAULT", eu_default=True)
    firm.on("2024-10-01", "A second loan of 400,000 is granted.")
    firm.borrows(400_000, instalment=8_000, months=50, first="2024-11-15", loan_id="l-2")
    firm.by("2024-10-02", "DEFAULT", eu_default=True, ifrs9="STAGE_3", npe=True)
    firm.by("2025-01-31", "DEFAULT", eu_default=True, ifrs9="STAGE_3", npe=True)


@story(1, "The exchange rate jumps", accounts="")
def the_rate_jumps(firm: CreditStory) -> None:
    """An instalment of USD 600 is open, 540 euros: default after 91 days. Then the dollar falls to
    0.80, and the arrears to 480 euros, less than 500. A rate ends no default."""
    firm.rate("USD", "0.90")
    firm.loan(9_600, currency="USD")
    firm.repay_by("l-1", dues("2024-06-15", 96, 600)[::6], version=1, currency="USD")
    firm.on("2024-06-01", "The instalment of 15 June is not paid.").stops_paying()
    firm.by("2024-09-14", "DEFAULT", eu_default=True)
    firm.on("2024-10-01", "The dollar falls to 0.80.").rate("USD", "0.80")
    firm.by("2024-10-02", "DEFAULT", eu_default=True, ifrs9="STAGE_3", npe=True)
    firm.by("2025-01-31", "DEFAULT", eu_default=True, ifrs9="STAGE_3", npe=True)


@story(
    1,
    "The bank had credited the wrong loan",
    accounts="",
)
def arrears_were_technical(firm: CreditStory) -> None:
    """In default it turns out that the bank had credited the payments to a stranger. Two people
    record the arrears as technical: nothing was ever due and unpaid, so nothing needs a cure."""
    in_default(firm)
    firm.on("2024-09-20", "Two people record the arrears as technical.")
    firm.decide("TECHNICAL_DEFAULT", effective="2024-06-15", until="2024-12-31", loan_id="l-1")
    firm.by("2024-09-21", NOT_IN_DEFAULT, eu_default=False, npe=False)
    firm.on("2024-09-25", "The payments are booked where they belong.").settles(value="2024-06-15")
    firm.resumes_paying()
    firm.by("2024-10-31", NOT_IN_DEFAULT, eu_default=False, npe=False, ifrs9="STAGE_1")


@story(
    1,
    "A court decides for the borrower",
    accounts="",
)
def a_court_decides_for_the_borrower(firm: CreditStory) -> None:
    """In default a court decides that the open instalments were never owed. What was never owed
    was never due, and no cure is needed for it."""
    in_default(firm)
    firm.on("2024-09-20", "The court upholds the borrower's dispute.")
    firm.disputes(24_000, since="2024-06-15")
    firm.disputes(24_000, since="2024-06-15", status="UPHELD")
    firm.by("2024-09-21", NOT_IN_DEFAULT, eu_default=False, npe=False)


@story(1, "An insolvency petition is withdrawn", accounts="")
def a_petition_is_withdrawn(firm: CreditStory) -> None:
    """A creditor files for insolvency, and the court dismisses it a month later. The firm paid
    everything all the time: default began at once, and its cure takes three months."""
    borrower_of_loans(firm)
    firm.on("2024-06-03", "A court reports a petition.").report("INSOLVENCY", reporter="court")
    firm.by("2024-06-03", "DEFAULT", eu_default=True, ifrs9="STAGE_3", npe=True)
    firm.on("2024-07-03", "The court has dismissed it.").report("CLEARED", reporter="court")
    firm.by("2024-07-31", ("DEFAULT", "PROBATION"), eu_default=True, ifrs9="STAGE_3")


@story(1, "Another bank takes the loan over", accounts="")
def another_bank_takes_over(firm: CreditStory) -> None:
    """A firm that was never late moves to another bank, which pays everything. Its money is cash:
    the relation ends, and no concession was made."""
    borrower_of_loans(firm)
    firm.on("2024-11-08", "Another bank pays 240,000, and the loan is closed.")
    firm.stops_paying()
    firm.pays(240_000, payer_is_third_party=True, channel=1)
    firm.ends("REPAID")
    firm.by("2024-11-30", "CLOSED", without="FORBORNE", eu_default=False)


@story(
    1,
    "A concession to a borrower in difficulty",
    accounts="",
)
def a_concession_before_default(firm: CreditStory) -> None:
    """At 45 days late the term is extended. That is forbearance: a warning, stage 2, special
    mention, and non-performing at once in India."""
    borrower_of_loans(firm)
    firm.on("2024-06-01", "The instalment of 15 June is not paid.").stops_paying()
    firm.by("2024-07-29", "WATCH", ifrs9="STAGE_2", rbi="SMA-1", china="SPECIAL_MENTION")
    firm.on("2024-07-30", "The term is extended.")
    firm.change_terms(
        reason="CONCESSION", kind="EXTENSION", dues=dues("2024-08-15", 70, 3_400, 700)
    )
    firm.resumes_paying()
    firm.by("2024-07-31", "WATCH", flags="FORBORNE", ifrs9="STAGE_2", rbi="NPA", npe=False)
    firm.by("2025-01-31", "WATCH", "Six instalments are paid.", ifrs9="STAGE_2", rbi="NPA")
