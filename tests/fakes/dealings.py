"""Drawdowns, promises, blocks, forecasts, cards and related parties of a `Story`, a line each."""

from services.scoring.domain.events import accounts, credit_file, loans
from services.scoring.domain.events.accounts import FacilityBalanceClosed
from services.scoring.domain.events.credit_file import RelatedPartiesDeclared
from services.scoring.domain.events.loans import RepaymentPosted
from services.scoring.domain.primitives import vocabulary
from tests.fakes.story import Story, day, minor


def draws(
    story: Story,
    amount: float,
    payee: str = "a-1",
    value: str | None = None,
    takes_back: str | None = None,
) -> str:
    """Draw on the loan, the money going to an account; or take a drawdown back."""
    head = story.head(takes_back, "reversal") if takes_back else story.head()
    return story.tell(
        loans.LoanDisbursed(
            *head,
            loan_id="l-1",
            drawn_minor=minor(amount),
            currency="EUR",
            value_day=story.today if value is None else day(value),
            payee_account_id=payee,
        )
    )


def promises(
    story: Story,
    amount: float,
    by: str,
    loan_id: str = "l-1",
    takes_back: str | None = None,
) -> str:
    """Promise today to pay by a date; or take a promise back."""
    head = story.head(takes_back, "reversal") if takes_back else story.head()
    return story.tell(
        loans.PromiseMade(
            *head,
            loan_id=loan_id,
            promised_minor=minor(amount),
            currency="EUR",
            promise_day=day(by),
            made_day=story.today,
        )
    )


def blocks(story: Story, kind: str, account: str = "a-1", on: str | None = None) -> str:
    """Block or release an account."""
    return story.tell(
        accounts.AccountBlocked(
            *story.head(),
            account_id=account,
            kind=vocabulary.BLOCK_KINDS.index(kind),
            effective_day=story.today if on is None else day(on),
        )
    )


def foretells(
    story: Story,
    metric: str,
    amount: float,
    ends: str,
    months: int = 12,
    received: str | None = None,
) -> str:
    """Receive a forecast."""
    return story.tell(
        credit_file.ForecastReceived(
            *story.head(),
            metric=vocabulary.FORECAST_METRICS.index(metric),
            period_end_day=day(ends),
            period_months=months,
            forecast_minor=minor(amount),
            currency="EUR",
            received_day=story.today if received is None else day(received),
        )
    )


def declares_related(story: Story, *parties: str) -> str:
    """Declare the related parties."""
    return story.tell(RelatedPartiesDeclared(*story.head(), counterparty_ids=list(parties)))


def somebody_else_pays(story: Story, amount: float, channel: str = "TRANSFER") -> str:
    """Post a repayment that a third party made, or one by the given channel."""
    return story.tell(
        RepaymentPosted(
            *story.head(),
            loan_id="l-1",
            paid_minor=minor(amount),
            currency="EUR",
            value_day=story.today,
            channel=vocabulary.REPAYMENT_CHANNELS.index(channel),
            payer_account_id=None,
            payer_is_third_party=channel == "TRANSFER",
            outstanding_principal_minor=None,
            accrued_interest_minor=None,
            technical_flag=False,
            dispute_flag=False,
        )
    )


def owes_on_a_card(story: Story, drawn: float, limit: float, months_late: int = 0) -> str:
    """Report the use of a card whose system counts the months past due."""
    return story.tell(
        FacilityBalanceClosed(
            *story.head(),
            facility_id="card",
            loan_id="card",
            account_id=None,
            balance_day=story.today,
            limit_minor=minor(limit),
            drawn_minor=minor(drawn),
            drawing_power_minor=None,
            undrawn_usable_minor=None,
            interest_debited_minor=0,
            currency="EUR",
            months_past_due=months_late,
        )
    )
