"""Words what the card says, from the stored assessment and the last message."""

import msgspec

from services.alerts.decisions.adapters.assessment_wire import decode_stored, summary_of
from services.alerts.decisions.adapters.assessment_words import worse_texts
from services.alerts.decisions.application.read_models import CardText
from services.alerts.decisions.domain.differences import LastMessage, differences


def card_texts(document: str, last_message: str) -> dict[str, CardText]:
    """Returns what the card says in each language."""
    data = decode_stored(document)
    summary = summary_of(data)
    last = msgspec.json.decode(last_message, type=LastMessage)
    words, changes = summary.words, differences(last, summary.current)
    return {
        language: CardText(
            why=words.why(language),
            changes=[words.difference(language, each) for each in changes],
            causes={
                each.indicator: words.cause(language, each.indicator)
                for each in summary.contributors
            },
            worse=worse_texts(data, language),
        )
        for language in words.languages
    }
