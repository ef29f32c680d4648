"""What may make a state worse, in sentences that explanations and cards share."""

from dataclasses import dataclass

from services.wording.figures import Figures


@dataclass(frozen=True, slots=True)
class Unpaid:
    """A worse state in some days if an amount stays unpaid; ``due`` is 0 where it is overdue."""

    state: str
    days: int
    amount: str
    due: int


def unpaid_sentence(figures: Figures, unpaid: Unpaid) -> str:
    """Returns the days and the amount to a worse state."""
    text = figures.messages.text
    return text(
        "worse.due" if unpaid.due else "worse.unpaid",
        state=text(f"state.{unpaid.state}"),
        days=figures.days(unpaid.days),
        amount=unpaid.amount,
        date=figures.day(unpaid.due) if unpaid.due else "",
    )
