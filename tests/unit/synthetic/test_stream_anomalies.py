"""Anomalies are put into streams at places of their own."""

from typing import Any

import numpy as np

from streamscore.sources import load_source
from streamscore.synthetic import generate
from streamscore.synthetic.accident_anomalies import ACCIDENT_KINDS
from streamscore.synthetic.kinds import Pool
from streamscore.synthetic.stream_anomalies import placed_among_neighbours, placed_changes

ACCIDENTS = load_source("accidents")
STREAM: list[dict[str, Any]] = list(generate("accidents", 400, np.random.default_rng(8)))


def test_the_variants_of_a_kind_take_turns() -> None:
    rng = np.random.default_rng(0)
    found = placed_changes(ACCIDENTS, STREAM, ACCIDENT_KINDS, "time", 60, rng, Pool(STREAM))
    counts = [sum(one.fields == (name,) for one in found) for name in STREAM[0]]
    assert sorted(counts)[-3:] == [20, 20, 20]


def test_a_kind_that_fits_few_records_is_made_as_often_as_it_fits() -> None:
    rng = np.random.default_rng(0)
    one_fits = {"odd": (lambda record, _rng, _pool: bool(record.pop("mark", None)),)}
    stream = [{"at": 1}, {"at": 2, "mark": True}, {"at": 3}]
    found = placed_changes(ACCIDENTS, stream, one_fits, "odd", 9, rng, Pool(stream))
    assert [(one.place, one.fields) for one in found] == [(1, ("mark",))]


def test_a_delayed_accident_keeps_its_calendar_in_step_with_its_date() -> None:
    rng = np.random.default_rng(0)
    found = placed_among_neighbours(ACCIDENTS, STREAM, "delayed", 40, rng)
    assert len(found) == 40
    for one in found:
        hour, half = one.record["crash_date"][11:13], one.record["crash_date"][-2:]
        assert one.record["crash_hour"] == int(hour) % 12 + 12 * (half == "PM")
        assert one.record["crash_month"] == int(one.record["crash_date"][:2])
        assert "crash_date" in one.fields
        assert STREAM[one.place]["damage"] == one.record["damage"]


def test_a_time_that_the_source_does_not_accept_is_left_out() -> None:
    stream = [dict(STREAM[0], crash_date="01/01/2000 12:30:00 AM")] * 5
    rng = np.random.default_rng(0)
    assert placed_among_neighbours(ACCIDENTS, stream, "delayed", 5, rng) == []
    assert len(placed_among_neighbours(ACCIDENTS, stream, "ahead", 5, rng)) == 5
