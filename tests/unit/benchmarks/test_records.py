"""Benchmarks say whether their records are real or generated."""

from pathlib import Path

import pytest

from benchmarks._records import REAL_FILES, records_of, repeated
from streamscore.sources import Codec, load_source


@pytest.mark.parametrize("name", ["accidents", "reviews"])
def test_records_are_generated_where_there_are_no_real_ones(name: str, tmp_path: Path) -> None:
    source = load_source(name)
    found = records_of(source, 20, tmp_path)
    assert found.origin == "generated, seed 42"
    assert len(found.values) == 20
    codec = Codec(source)
    for value in found.values:
        codec.event_time(codec.decode(value))


def test_a_real_file_is_read_and_named(tmp_path: Path) -> None:
    path = tmp_path / REAL_FILES["reviews"]
    path.parent.mkdir()
    path.write_text('{"timestamp": 1583032084430}\n{"timestamp": 1583032084431}\n')
    found = records_of(load_source("reviews"), 1, tmp_path)
    assert found.origin == f"real, {path.name}"
    assert found.values == [b'{"timestamp": 1583032084430}']


def test_values_are_repeated_in_their_order() -> None:
    assert repeated([b"a", b"b"], 5) == [b"a", b"b", b"a", b"b", b"a"]
