"""The random records of the benchmarks obey their source, and are encoded as dictionaries would."""

import msgspec
import pytest

from benchmarks._random_records import random_rows
from benchmarks.parity import encoder_difference
from streamscore.sources import Codec, load_source


@pytest.mark.parametrize("name", ["accidents", "reviews"])
def test_random_records_decode_and_repeat(name: str) -> None:
    source = load_source(name)
    codec = Codec(source)
    rows = random_rows(source, 50)
    for row in rows:
        codec.event_time(codec.decode(row))
    assert rows == random_rows(source, 50)
    assert len(set(rows)) == 50


def test_optional_fields_are_at_times_left_out() -> None:
    rows = [msgspec.json.decode(row) for row in random_rows(load_source("reviews"), 50)]
    assert {"images" in row for row in rows} == {True, False}


@pytest.mark.parametrize("name", ["accidents", "reviews"])
def test_both_encoders_agree_on_random_records(name: str) -> None:
    assert encoder_difference(name, random_rows(load_source(name), 50)) <= 1e-12
