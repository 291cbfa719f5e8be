"""[real_input] finds a row that ended otherwise than a plain reading of its file allows."""

from pathlib import Path

import msgspec
import pytest

from benchmarks._plain_reading import PlainRow, plain_reader
from benchmarks.real_input import InputFile, generated_files, judged, real_files
from streamscore.sources import Codec, load_source
from streamscore.sources.record_files import LocalFile
from streamscore.sources.row_files import read_rows


def row(line: int, *faults: str) -> PlainRow:
    return PlainRow(line, {}, frozenset(faults))


@pytest.mark.parametrize(
    ("ends", "wrong"),
    [
        ({2: ["scored"], 3: ["wrong_type"]}, 0),
        ({2: ["scored"], 3: ["missing_field"]}, 0),
        ({2: ["scored"], 3: ["scored"]}, 1),
        ({2: ["wrong_type"], 3: ["out_of_range"]}, 2),
        ({2: ["scored", "scored"], 3: ["wrong_type"]}, 1),
        ({3: ["wrong_type"]}, 1),
        ({2: ["scored"], 3: ["wrong_type"], 4: ["scored"]}, 1),
    ],
)
def test_a_row_ends_once_and_as_it_should(ends: dict[int, list[str]], wrong: int) -> None:
    plain = {2: row(2), 3: row(3, "wrong_type", "missing_field")}
    assert judged(plain, ends) == wrong


def test_real_files_are_those_that_are_there(tmp_path: Path) -> None:
    path = tmp_path / "reviews" / "2018_Books.jsonl"
    path.parent.mkdir()
    path.touch()
    assert real_files(tmp_path) == [InputFile("reviews", "edition-2018", path, "real")]


def test_plain_reading_and_the_products_agree_on_every_spelling(tmp_path: Path) -> None:
    for file in generated_files(tmp_path, 200):
        source = load_source(file.source)
        codec = Codec(source)
        read = plain_reader(file.source, file.dialect, file.path.suffix.removeprefix("."))
        plain = {one.line: one for one in read(source, file.path)}
        ends: dict[int, list[str]] = {}
        for found in read_rows(source, LocalFile(file.path), file.dialect):
            if found.row is None:
                ends[found.line] = [found.fault.reason if found.fault else ""]
                continue
            faults = codec.read([found.row.value]).faults
            ends[found.line] = [fault.reason for _, fault in faults] or ["scored"]
            if not faults:
                assert msgspec.json.decode(found.row.value) == plain[found.line].record
        assert judged(plain, ends) == 0, file.path.name
        assert sum(end != ["scored"] for end in ends.values()) == 5
