"""Each row becomes one message; where an anomaly is put into it, that is sent in its place."""

from collections import Counter
from typing import Any, NamedTuple

import msgspec

from producer.marks import ReplayMark
from producer.ordering import OrderedRow
from producer.outgoing import Outgoing, Tally
from producer.sending import Headers
from streamscore.headers import INJECTED, INJECTED_FIELDS, REPLAY, ROW
from streamscore.sources import Codec
from streamscore.sources.rows import Row
from tests.sensors import SENSORS, sensor_values

MARK = ReplayMark("0f3a5b7c9d11", "77e0c4a1b2d3", 1_700_000_000_000, 1)
VALUES = sensor_values(200)


class Sent(NamedTuple):
    value: bytes
    key: bytes | None
    headers: dict[str, Any]


class Kept:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []

    def send(
        self, value: bytes, key: bytes | None, partition: int, headers: Headers | None
    ) -> None:
        self.sent.append(Sent(value, key, dict(headers or ())))


def replayed(
    values: list[bytes], inject_rate: float, codec: Codec | None = None
) -> tuple[list[Sent], Tally]:
    kept, tally = Kept(), Tally()
    codec = codec or Codec(SENSORS)
    outgoing = Outgoing(kept, codec, MARK, inject_rate=inject_rate, seed=3, tally=tally)
    for n, value in enumerate(values):
        row = OrderedRow(f"a.csv:{n + 2}", Row(value, b"k%d" % n, 1000 * n))
        assert outgoing.send(row, lambda _index, _utc_ms: True)
    return kept.sent, tally


def test_a_row_that_was_changed_is_not_sent_besides() -> None:
    sent, tally = replayed(VALUES, 0.3)
    assert [one.headers[ROW] for one in sent] == [f"a.csv:{n + 2}" for n in range(200)]
    assert [one.key for one in sent] == [b"k%d" % n for n in range(200)]
    assert all(one.headers[REPLAY] == MARK.text().encode() for one in sent)
    changed = [one for n, one in enumerate(sent) if one.value != VALUES[n]]
    assert changed == [one for one in sent if INJECTED in one.headers]
    assert tally.rows == 200
    assert tally.injected == Counter(one.headers[INJECTED] for one in changed)
    assert 40 <= len(changed) <= 80


def test_an_anomaly_names_the_fields_that_were_changed_and_leaves_the_others() -> None:
    sent, _ = replayed(VALUES, 1.0)
    for n, one in enumerate(sent):
        before, after = msgspec.json.decode(VALUES[n]), msgspec.json.decode(one.value)
        changed = {name for name in before if before[name] != after.get(name)}
        assert changed
        assert set(msgspec.json.decode(one.headers[INJECTED_FIELDS])) == changed


def test_what_is_no_record_is_sent_as_it_is() -> None:
    sent, tally = replayed([b"{", b"[]"], 1.0)
    assert [one.value for one in sent] == [b"{", b"[]"]
    assert tally.injected == {}


def test_a_row_whose_anomaly_would_be_too_large_is_sent_as_it_is() -> None:
    largest = max(map(len, VALUES))
    sent, _ = replayed(VALUES, 1.0, Codec(SENSORS, largest))
    assert max(len(one.value) for one in sent) <= largest
    assert any(len(one.value) > largest for one in replayed(VALUES, 1.0)[0])
