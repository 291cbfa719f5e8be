"""Labels: how records are named, which label counts, and what is counted of them."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore.errors import UsageError
from streamscore.labels import (
    Label,
    LabelFolding,
    check_words,
    count_verdicts,
    record_name,
    wilson_interval,
)


def label(offset: int, *, verdict: bool = True, version: str | None = "3", run: str = "") -> Label:
    return Label(
        event=f"c/t/0/{offset}",
        subject=f"records.sensors/0/{offset}",
        source="sensors",
        run=run or msgspec.UNSET,
        verdict=verdict,
        flagged=version is not None,
        model_version=version or msgspec.UNSET,
        given_at="2026-10-27T08:12:04.500Z",
    )


def folded(*messages: tuple[str, bytes | None]) -> LabelFolding:
    folding = LabelFolding()
    for key, value in messages:
        folding.take(key.encode(), value)
    return folding


def message(one: Label) -> tuple[str, bytes]:
    return one.event, msgspec.json.encode(one)


def test_the_newest_label_of_a_record_counts_and_stands_last() -> None:
    wrong, other, right = label(7), label(8), label(7, verdict=False)
    found = folded(message(wrong), message(other), message(right)).labels()
    assert list(found.newest.values()) == [other, right]


def test_a_message_without_a_value_takes_a_label_away() -> None:
    assert folded(message(label(7)), ("c/t/0/7", None)).labels().newest == {}


def test_a_label_of_a_later_format_is_counted_and_not_guessed() -> None:
    later = ("c/t/0/7", b'{"format": 2, "verdict": "perhaps"}')
    found = folded(message(label(7)), later).labels()
    assert (found.newest, found.later) == ({}, 1)
    assert "received format 2" in found.why_later
    again = folded(later, message(label(7))).labels()
    assert (len(again.newest), again.later) == (1, 0)


@pytest.mark.parametrize("value", [b"{", b"[]", b'{"format": 1}', b'{"format": "x"}'])
def test_what_is_no_label_is_told(value: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        LabelFolding().take(b"k", value)


names = st.text("abcXYZ019._-", min_size=1, max_size=20)
numbers = st.integers(0, 2**63 - 1)


@given(topic=names, partition=numbers, offset=numbers)
def test_a_record_is_named_by_its_subject(topic: str, partition: int, offset: int) -> None:
    found = record_name(f"{topic}/{partition}/{offset}")
    assert (found.topic, found.log, found.partition, found.offset) == (
        topic,
        None,
        partition,
        offset,
    )


@given(cluster=names, topic_id=names, partition=numbers, offset=numbers)
def test_a_record_is_named_by_its_id(
    cluster: str, topic_id: str, partition: int, offset: int
) -> None:
    text = f"{cluster}/{topic_id}/{partition}/{offset}"
    found = record_name(text)
    assert (found.topic, found.identity(found.log)) == (None, text)


@pytest.mark.parametrize(
    "text",
    ["", "81568", "x/1", "/0/7", "t/0/", "t/-1/7", "t/0/x", "t/0/²", "a/b/c/0/7", "c//0/7"],
)
def test_what_names_no_record_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"TOPIC/PARTITION/OFFSET; received '.*'\. Copy"):
        record_name(text)


def test_a_number_beyond_all_offsets_names_no_record() -> None:
    with pytest.raises(UsageError, match="a record is named by"):
        record_name("t/0/" + "9" * 20)


@pytest.mark.parametrize(("note", "by"), [("", None), (" ", None), ("x" * 1001, None), (None, "")])
def test_an_empty_or_endless_note_is_refused(note: str | None, by: str | None) -> None:
    with pytest.raises(UsageError, match=r"takes 1 to \d+ characters; received \d+"):
        check_words(note, by)


def test_verdicts_are_counted_by_stream_and_version_in_the_order_of_versions() -> None:
    labels = [
        *(label(i, version="10") for i in range(3)),
        *(label(i, version="9", verdict=i < 1) for i in range(4)),
        label(20, version=None),
        label(21, version=None, verdict=False),
        label(22, run="june"),
    ]
    found = count_verdicts(labels)
    assert [(one.run, one.model_version, one.anomalies, one.normal) for one in found] == [
        (None, "9", 1, 3),
        (None, "10", 3, 0),
        (None, None, 1, 1),
        ("june", "3", 1, 0),
    ]
    assert [one.precision for one in found] == [0.25, 1.0, None, 1.0]
    assert found[2].low is found[2].high is None


@given(trials=st.integers(1, 10_000), data=st.data())
def test_the_interval_holds_the_share_and_mirrors_its_opposite(
    trials: int, data: st.DataObject
) -> None:
    successes = data.draw(st.integers(0, trials))
    low, high = wilson_interval(successes, trials)
    assert 0 <= low <= successes / trials <= high <= 1
    assert wilson_interval(trials - successes, trials) == pytest.approx((1 - high, 1 - low))
