"""A batch that is read at once holds what reading one value after another gives."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore.sources import Codec, RecordFault
from tests.sensors import SENSORS, sensor_values

CODEC = Codec(SENSORS, max_bytes=400)
GOOD = sensor_values(3)
FORMATS = ["epoch_milliseconds", "epoch_seconds", "iso8601", "%m/%d/%Y %I:%M:%S %p", "%Y"]
TIMES: dict[str, list[float | str]] = {
    "epoch_milliseconds": [1_700_000_000_000, -5, 10**17],
    "epoch_seconds": [1_700_000_000, 1.5e300, -1],
    "iso8601": [
        "2024-03-10T02:30:00",
        "2024-07-01",
        "2024-07-01T12:00:00+02:00",
        "9999-12-31T00:00",
    ],
    "%m/%d/%Y %I:%M:%S %p": ["07/29/2023 01:00:00 PM", "11/05/2023 01:30:00 AM", "07/29/2023", ""],
    "%Y": ["2020", "20", "year"],
}
BAD = [
    None,
    b"",
    b"{",
    b"\xff",
    b"[]",
    b" " * 401,
    b'{"at": 1}',
    b"[" * 399,
    GOOD[0].replace(b'"at":', b'"at":99999'),
    GOOD[1].replace(b"north", "nörd".encode()),
    GOOD[2].replace(b'"at"', b'"ta"'),
]


def one_after_another(codec: Codec, values: list[bytes | None]) -> list[object]:
    found: list[object] = []
    for value in values:
        try:
            record = codec.decode(value)
            found.append((record, *codec.event_time(record)))
        except RecordFault as fault:
            found.append((fault.reason, fault.detail))
    return found


def at_once(codec: Codec, values: list[bytes | None]) -> list[object]:
    batch = codec.read(values)
    found: dict[int, object] = {at: (fault.reason, fault.detail) for at, fault in batch.faults}
    assert [at for at, _ in batch.faults] == sorted(found)
    assert batch.places == sorted(batch.places)
    times = zip(batch.utc_ms.tolist(), batch.local_ms.tolist(), strict=True)
    for at, record, moment in zip(batch.places, batch.records, times, strict=True):
        assert at not in found
        found[at] = (record, *moment)
    return [found[at] for at in range(len(values))]


@given(st.lists(st.sampled_from([*GOOD, *BAD]) | st.binary(max_size=60), max_size=30))
def test_whatever_the_values_are(values: list[bytes | None]) -> None:
    assert at_once(CODEC, values) == one_after_another(CODEC, values)


@pytest.mark.parametrize("layout", FORMATS)
@given(data=st.data())
def test_whatever_the_layout_of_the_event_time(layout: str, data: st.DataObject) -> None:
    kind = "float" if layout.startswith("epoch") else "string"
    fields = SENSORS.fields | {"at": msgspec.structs.replace(SENSORS.fields["at"], type=kind)}
    time = msgspec.structs.replace(SENSORS.event_time, format=layout, zone="America/Chicago")
    codec = Codec(msgspec.structs.replace(SENSORS, fields=fields, event_time=time))
    record = msgspec.json.decode(GOOD[0])
    moments: st.SearchStrategy[float | str] = st.sampled_from(TIMES[layout])
    if kind == "string":
        moments |= st.text(max_size=30)
    times = data.draw(st.lists(moments, max_size=12))
    values: list[bytes | None] = [msgspec.json.encode(record | {"at": at}) for at in times]
    assert at_once(codec, values) == one_after_another(codec, values)
