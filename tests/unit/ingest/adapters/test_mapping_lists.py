"""Mappings of lists: read entry by entry, refused with the entry, validated at the start."""

from pathlib import Path

import pytest

from services.ingest.adapters.mapping.loader import BadMapping, load_mapping
from services.ingest.adapters.mapping.mapper import Mapper
from services.ingest.domain.candidate import Candidate
from services.ingest.domain.reasons import Refusal, RefusalReason
from tests.fakes.ingest_in_memory import TIMEZONE

LISTS = """
mapping: lists
version: 1
topic: raw.lists
source: core/lists
may_send: [related-parties.declared, calendar.published]
kind: evt
tables:
  relations: {OW: OWNER}
events:
  RPD:
    type: related-parties.declared.v1
    subject: cust
    time: at
    data:
      declared_date: {from: day, as: iso_date}
      related_parties:
        from: parties
        each:
          counterparty_id: id
          relation: {from: rel, table: relations}
  CAL:
    type: calendar.published.v1
    subject: {value: "*"}
    time: at
    data:
      calendar: {value: TARGET}
      from_date: {from: a, as: iso_date}
      to_date: {from: z, as: iso_date}
      holidays: {from: "off[].day", list: true, as: local_date}
"""


def loaded(tmp_path: Path, text: str) -> Mapper:
    path = tmp_path / "lists.yaml"
    path.write_text(text, encoding="utf-8")
    return load_mapping(path, timezone=TIMEZONE)


def test_lists_are_read_entry_by_entry(tmp_path: Path) -> None:
    mapper = loaded(tmp_path, LISTS)
    record = {
        "evt": "RPD",
        "cust": "B",
        "day": "2026-03-01",
        "parties": [{"id": 9, "rel": "OW", "more": "x"}, {"rel": "OW"}],
    }
    candidate = mapper.candidate(record, fallback_id="pos")
    assert isinstance(candidate, Candidate)
    assert candidate.document["data"]["related_parties"] == [
        {"counterparty_id": "9", "relation": "OWNER"},
        {"relation": "OWNER"},
    ]
    assert candidate.origin_of("/data/related_parties/1/counterparty_id") == (
        "`id` in an entry of `parties`"
    )
    assert candidate.origin_of("/data/related_parties") == "`parties`"
    assert candidate.origin_of("/data/nothing/1") is None


def test_a_computed_list_is_refused_without_a_pointer_but_with_its_entry(tmp_path: Path) -> None:
    mapper = loaded(tmp_path, LISTS)
    record = {"evt": "CAL", "a": "2026-01-01", "z": "2027-01-01"}
    read = mapper.candidate({**record, "off": [{"day": "01.01.2026"}]}, fallback_id="pos")
    assert isinstance(read, Candidate)
    assert read.document["data"]["holidays"] == ["2026-01-01"]
    refused = mapper.candidate({**record, "off": [{"day": "1.1.26"}]}, fallback_id="pos")
    assert isinstance(refused, Refusal)
    assert (refused.reason, refused.pointer) == (RefusalReason.NOT_CONVERTIBLE, "")
    assert "off[].day → /data/holidays: at /0" in refused.detail


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("counterparty_id: id", "counterparty: id", "related_parties has no field counterparty"),
        ("          counterparty_id: id\n", "", "related_parties requires counterparty_id"),
        ("table: relations", "table: relatives", "data.related_parties.each.relation uses"),
        ("from: parties\n", "from: parties\n        list: true\n", "nothing else"),
        ("from: parties\n", "value: parties\n", "a list comes `from` the record"),
        (", list: true, as: local_date}", "}", "holidays is a list; write `list: true`"),
        (
            "list: true, as: local_date",
            "each: {day: day}",
            "holidays is a list; write `list: true`",
        ),
        ("list: true,", "list: true, default: x,", "without a `default`"),
        ("counterparty_id: id", "counterparty_id: 'id['", "not JMESPath"),
    ],
)
def test_an_invalid_mapping_of_a_list_is_refused(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    assert old in LISTS
    with pytest.raises(BadMapping) as mistake:
        loaded(tmp_path, LISTS.replace(old, new))
    assert words in str(mistake.value)


def test_a_list_of_objects_is_no_list_of_texts(tmp_path: Path) -> None:
    start = LISTS.index("        from: parties")
    end = LISTS.index("  CAL:")
    text = LISTS[:start] + "        {from: parties, list: true}\n" + LISTS[end:]
    with pytest.raises(BadMapping, match="related_parties is a list; write `each`"):
        loaded(tmp_path, text)


def test_a_mapping_names_the_control_events_that_it_writes(tmp_path: Path) -> None:
    for allowed in ('["*"]', "[related-parties.declared]", '["*", "calendar.*"]'):
        text = LISTS.replace("[related-parties.declared, calendar.published]", allowed)
        with pytest.raises(BadMapping, match=r"maps calendar\.published, which `may_send`"):
            loaded(tmp_path, text)
