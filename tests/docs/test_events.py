"""The examples of events under docs/events/golden decode for ever, and are what is written."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from scorer.outputs import Outlets, OutputWriter
from streamscore.event_schemas import WRITTEN, event_schemas
from streamscore.headers import BODY, DETAIL, POSITION, REASON, TOPIC
from streamscore.sources import Codec, RecordFault, load_source
from tests.scoring_parts import Consumed

EVENTS = Path(__file__).parents[2] / "docs/events"
GOLDEN = {
    "anomaly.v1.json": "anomaly.v1",
    "anomaly-of-run.v1.json": "anomaly.v1",
    "anomaly-without-record.v1.json": "anomaly.v1",
    "score.v1.json": "score.v1",
    "removed-body.v1.json": "removed-body.v1",
    "announcement.v1.json": "announcement.v1",
    "run.v1.json": "run.v1",
    "command.v1.json": "command.v1",
    "label.v1.json": "label.v1",
}
BAD_RECORD = b'{"crash_date": "01/05/2024 12:15:00 AM", "num_units": "two"}'


def golden(name: str) -> Any:
    return msgspec.json.decode((EVENTS / "golden" / name).read_bytes())


def unknown_or_missing(value: Any, definition: dict[str, Any], schema: dict[str, Any]) -> set[str]:
    """Names that a schema does not have, and those that it asks for in vain; nested ones too."""
    if "$ref" in definition:
        definition = schema["$defs"][definition["$ref"].rpartition("/")[2]]
    if isinstance(value, list):
        items = definition.get("items", {})
        return set().union(*(unknown_or_missing(item, items, schema) for item in value))
    properties = definition.get("properties")
    if not isinstance(value, dict) or properties is None:
        return set()
    wrong = (set(value) - set(properties)) | (set(definition["required"]) - set(value))
    for name in set(value) & set(properties):
        wrong |= unknown_or_missing(value[name], properties[name], schema)
    return wrong


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_a_golden_example_decodes_and_is_written_again_as_it_was(name: str) -> None:
    decoded = msgspec.json.decode(
        (EVENTS / "golden" / name).read_bytes(), type=WRITTEN[GOLDEN[name]]
    )
    assert msgspec.json.decode(msgspec.json.encode(decoded)) == golden(name)


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_a_golden_example_has_the_names_that_its_schema_has(name: str) -> None:
    schema = msgspec.json.decode(event_schemas()[GOLDEN[name]])
    assert unknown_or_missing(golden(name), schema, schema) == set()


def test_a_name_that_the_schema_lacks_is_found_in_depth() -> None:
    schema = msgspec.json.decode(event_schemas()["anomaly.v1"])
    event = golden("anomaly.v1.json")
    event["data"]["attribution"][0]["because"] = event["data"].pop("score")
    assert unknown_or_missing(event, schema, schema) == {"because", "score"}


def test_every_struct_that_is_written_has_a_golden_example() -> None:
    assert set(GOLDEN.values()) == set(WRITTEN)
    names = {path.name for path in (EVENTS / "golden").iterdir()}
    assert names == {*GOLDEN, "deadletter.v1.json"}


def test_a_schema_says_what_each_property_means() -> None:
    schema = msgspec.json.decode(event_schemas()["anomaly.v1"])
    anomaly = schema["$defs"]["Anomaly"]
    assert anomaly["description"] == "The data of an anomaly event."
    assert all(meaning["description"] for meaning in anomaly["properties"].values())


def test_the_shares_of_a_golden_attribution_fall_and_sum_to_one() -> None:
    attribution = golden("anomaly.v1.json")["data"]["attribution"]
    shares = [part["share"] for part in attribution]
    assert sum(shares) == pytest.approx(1.0)
    assert shares == sorted(shares, reverse=True)


def test_the_page_shows_an_anomaly_that_is_one_with_every_part_of_a_reason() -> None:
    page = (EVENTS.parent / "events.md").read_text("utf-8")
    shown = msgspec.json.decode(page.partition("```json\n")[2].partition("```")[0])
    schema = msgspec.json.decode(event_schemas()["anomaly.v1"])
    reason = schema["$defs"]["Attribution"]["properties"]
    assert set().union(*shown["data"]["attribution"]) == set(reason)
    assert unknown_or_missing(shown, schema, schema) == {"position", "source"}, "it is shortened"


def test_a_dead_letter_is_written_as_its_golden_example_says() -> None:
    expected = golden("deadletter.v1.json")
    accidents = load_source("accidents")
    outlets = Outlets(
        anomalies="anomalies.accidents",
        dead_letters=expected["topic"],
        scores=None,
        cluster_id="4L6g3nShT-eMCtK--X86sw",
        records_topic_id="hV1aWbJ2Q0mTt3uGq0mYdA",
        partitions=1,
        largest_body=1_000_000,
    )
    own: list[tuple[str, bytes | None]] = [("streamscore-row", b"accidents.csv:571")]
    message = Consumed(81_569, BAD_RECORD, headers=own)
    with pytest.raises(RecordFault) as fault:
        Codec(accidents).decode(BAD_RECORD)
    written = OutputWriter(accidents, outlets, lambda: 0.0).dead_letter(message, fault.value)
    assert written.topic == expected["topic"]
    assert written.key == expected["key"]
    assert (written.value or b"").decode() == expected["value"]
    assert {name: (value or b"").decode() for name, value in written.headers} == expected["headers"]
    assert {REASON, DETAIL, POSITION, TOPIC, BODY} <= set(expected["headers"])
