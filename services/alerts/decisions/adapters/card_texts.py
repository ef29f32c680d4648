"""Words what card and digest say, from the stored assessment and the last message."""

from collections.abc import Mapping, Sequence

import msgspec

from services.alerts.decisions.adapters.assessment_wire import decode_stored, summary_of
from services.alerts.decisions.adapters.assessment_words import profile_texts, worse_texts
from services.alerts.decisions.application.read_models import (
    CardText,
    DigestItem,
    DigestSignal,
    DigestText,
)
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
            **profile_texts(data, language),
        )
        for language in words.languages
    }


def digest_item(document: str, *, due: Sequence[Mapping[str, str]] = ()) -> DigestItem:
    """Returns what the digest says of a borrower, from its stored assessment and what fell due."""
    data = decode_stored(document)
    summary = summary_of(data)
    return DigestItem(
        borrower_id=summary.borrower_id,
        sequence=summary.sequence,
        at=summary.at,
        as_of=summary.as_of,
        state=summary.state,
        segment=summary.segment,
        branch_id=summary.branch_id,
        officer_id=summary.officer_id,
        signals=[
            DigestSignal(
                indicator=each.indicator,
                level=each.level,
                factor=each.factor,
                trigger=each.trigger,
                stage=each.stage,
            )
            for each in summary.contributors
        ],
        tasks=summary.tasks,
        texts={
            language: DigestText(
                signals=[
                    summary.words.cause(language, each.indicator) for each in summary.contributors
                ],
                tasks=profile_texts(data, language)["tasks"],
                due=[texts[language] for texts in due],
            )
            for language in summary.words.languages
        },
    )
