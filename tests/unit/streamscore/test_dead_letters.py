"""A dead letter says what it is, what it lacks, and nothing that must not be seen."""

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scorer.outputs import Outlets, OutputWriter
from streamscore import headers
from streamscore.dead_letters import (
    DeadLetter,
    LaterLetter,
    Place,
    Positions,
    Selection,
    marked_position,
    printable,
    read_letter,
    shown,
)
from streamscore.sources import RecordFault
from streamscore.sources.codec import Codec
from tests.scoring_parts import Consumed
from tests.sensors import SENSORS, sensor_values

OUTLETS = Outlets(
    anomalies="a",
    dead_letters="d",
    scores=None,
    cluster_id="cluster",
    records_topic_id="topic",
    partitions=1,
    largest_body=1000,
)
FAULT = RecordFault("wrong_type", "Expected `int`, got `str` - at `$.at`")


def letter_of(message: Consumed, fault: RecordFault = FAULT) -> DeadLetter:
    """The letter that a scorer writes for a record, read again."""
    output = OutputWriter(SENSORS, OUTLETS, lambda: 0.0).dead_letter(message, fault)
    letter = read_letter(Place(0, 5), 1000, output.key, output.value, output.headers)
    assert isinstance(letter, DeadLetter)
    return letter


names = st.sampled_from(["a", "traceparent", *sorted(headers.OF_OUTPUTS)])
own_headers = st.lists(st.tuples(names, st.none() | st.binary(max_size=5)), max_size=6)


@given(value=st.binary(max_size=50), key=st.none() | st.binary(max_size=5), own=own_headers)
def test_a_record_comes_back_from_its_letter_as_it_was(
    value: bytes, key: bytes | None, own: list[tuple[str, bytes | None]]
) -> None:
    assume(own != [(headers.HEADERS, b"unreadable")])  # stands for what no client can read
    letter = letter_of(Consumed(7, value, key=key, headers=own))
    assert (letter.key, letter.value, letter.obstacle) == (key, value, None)
    passed = [one for one in own if one[0] not in headers.OF_OUTPUTS]
    assert letter.original() == [*passed, (headers.ORIGINAL, b"cluster/topic/0/7")]
    assert (letter.reason, letter.detail, letter.topic) == (
        "wrong_type",
        FAULT.detail,
        "records.accidents",
    )


def test_a_record_that_comes_back_again_keeps_its_first_position() -> None:
    first: list[tuple[str, bytes | None]] = [(headers.ORIGINAL, b"cluster/topic/0/1")]
    letter = letter_of(Consumed(7, b"{", headers=first))
    assert letter.obstacle == "returned"
    assert letter.original() == first


@pytest.mark.parametrize(
    ("message", "obstacle", "lacks"),
    [
        (Consumed(0, None), "tombstone", ()),
        (Consumed(0, b"x" * 1001), "incomplete", ("body",)),
        (Consumed(0, b"{", key=b"k" * 70_000), "incomplete", ("key",)),
        (Consumed(0, b"{", headers=[("h", b"v" * 300_000)]), "incomplete", ("headers",)),
    ],
)
def test_what_was_not_passed_on_in_full_cannot_be_sent_back(
    message: Consumed, obstacle: str, lacks: tuple[str, ...]
) -> None:
    letter = letter_of(message)
    assert (letter.obstacle, letter.lacks) == (obstacle, lacks)


def test_marks_and_messages_of_others_are_no_letters() -> None:
    mark: list[tuple[str, bytes | None]] = [(headers.REDRIVEN, b"c/t/0/7")]
    odd: list[tuple[str, bytes | None]] = [(headers.REASON, b"x"), (headers.POSITION, b"elsewhere")]
    assert marked_position(None, None, mark) == "c/t/0/7"
    for found in (mark, odd, [], [(headers.REDRIVEN, b"what/?")]):
        assert read_letter(Place(0, 0), 0, None, b"{}", found) is None
    for position in (b"what/?", b"c/t/0/" + b"9" * 20, b"c/t/0/" + b"9" * 5000, None):
        assert marked_position(None, None, [(headers.REDRIVEN, position)]) is None


@pytest.mark.parametrize(("key", "value"), [(b"k", None), (None, b"{"), (b"k", b"{")])
def test_what_has_a_key_or_a_value_is_no_mark(key: bytes | None, value: bytes | None) -> None:
    assert marked_position(key, value, [(headers.REDRIVEN, b"c/t/0/7")]) is None


@given(own=own_headers, value=st.none() | st.just(b"{"))
def test_no_header_of_a_record_hides_its_letter_or_marks_another(
    own: list[tuple[str, bytes | None]], value: bytes | None
) -> None:
    forged = [*own, (headers.REDRIVEN, b"c/t/0/7")]
    output = OutputWriter(SENSORS, OUTLETS, lambda: 0.0).dead_letter(
        Consumed(5, value, headers=forged), FAULT
    )
    # Earlier scorers passed all headers on.
    for found in (output.headers, [*forged, *output.headers]):
        assert marked_position(output.key, output.value, found) is None
        letter = read_letter(Place(0, 0), 0, output.key, output.value, found)
        assert isinstance(letter, DeadLetter)
        assert (letter.position, letter.reason) == ("cluster/topic/0/5", "wrong_type")


@pytest.mark.parametrize("version", [b"2", b"x\x1b", b"9" * 5000])
def test_a_letter_of_a_later_format_is_not_guessed_at(version: bytes) -> None:
    letter = read_letter(Place(0, 3), 0, None, b"{", [(headers.FORMAT, version)])
    assert isinstance(letter, LaterLetter)
    assert "dead letter of format 1; received format" in letter.why
    assert letter.why.isprintable()


def test_the_status_of_a_letter_is_what_a_redrive_does_with_it() -> None:
    letter = letter_of(Consumed(0, b"{"))
    assert (letter.status(is_sent=False), letter.status(is_sent=True)) == ("pending", "redriven")
    assert letter_of(Consumed(0, None)).status(is_sent=False) == "tombstone"


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.integers(0, 9))))
def test_positions_are_a_set(found: list[tuple[str, int, int]]) -> None:
    positions, plain = Positions(), set()
    for topic, partition, offset in found:
        position = f"c/{topic}/{partition}/{offset}"
        positions.add(position)
        plain.add(position)
    everything = {f"c/{t}/{p}/{o}" for t in "ab" for p in range(4) for o in range(10)}
    assert {position for position in everything if position in positions} == plain


def test_a_selection_asks_for_reason_and_time() -> None:
    letter = letter_of(Consumed(0, b"{"))
    assert Selection().holds(letter)
    assert Selection(reasons=("wrong_type",), since_ms=1000).holds(letter)
    assert not Selection(reasons=("not_json",)).holds(letter)
    assert not Selection(since_ms=1001).holds(letter)


def test_private_fields_are_masked_and_what_cannot_be_masked_is_not_shown() -> None:
    value = sensor_values(1)[0]
    owner = msgspec.json.decode(value)["owner"]
    for body in (value, value[:-5], b"[" + value + b"]"):
        letter = letter_of(Consumed(0, body))
        masked = shown(letter, SENSORS, unmasked=False, most_bytes=4000)
        assert owner not in (masked.value or "")
        assert owner in (shown(letter, SENSORS, unmasked=True, most_bytes=4000).value or "")
        is_an_object = body == value
        assert ("private fields cannot be masked" in (masked.value or "")) != is_an_object


def test_a_private_key_and_event_time_are_masked() -> None:
    fields = {
        name: msgspec.structs.replace(field, private=name in {"at", "sensor"})
        for name, field in SENSORS.fields.items()
    }
    source = msgspec.structs.replace(SENSORS, fields=fields)
    with pytest.raises(RecordFault) as fault:
        Codec(source).event_time(
            Codec(source).decode(sensor_values(1)[0].replace(b'"at":17', b'"at":-17'))
        )
    letter = letter_of(Consumed(0, b"{}", key=b"north"), fault.value)
    masked = shown(letter, source, unmasked=False, most_bytes=4000)
    assert (masked.key, masked.detail) == ("****", "****")
    clear = shown(letter, source, unmasked=True, most_bytes=4000)
    assert clear.key == "north"
    assert "got -17" in clear.detail


@given(st.binary(max_size=200))
def test_nothing_that_is_shown_moves_a_cursor(value: bytes) -> None:
    assert printable(value, 150).isprintable()
