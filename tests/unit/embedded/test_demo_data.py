from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest

from benchmarks._spellings import write_spreadsheet
from embedded.demo_data import make_data, source_of
from embedded.demo_faults import broken_records
from embedded.demo_plan import DemoPlan
from streamscore.errors import AmbiguityError, UsageError
from streamscore.sources import Codec, RecordFault, load_source
from streamscore.synthetic import generate


def times(path: Path, source: str) -> list[int]:
    codec = Codec(load_source(source))
    lines = path.read_bytes().splitlines()
    return [codec.event_time(codec.decode(line)).utc_ms for line in lines]


def write_backwards(path: Path, source: str, rows: int) -> Path:
    records = list(generate(source, rows, np.random.default_rng(3)))
    lines = [msgspec.json.encode(record) for record in reversed(records)]
    path.write_bytes(b"\n".join(lines))
    return path


@pytest.mark.parametrize("source", ["accidents", "reviews"])
def test_generated_history_lies_before_what_is_replayed(source: str, tmp_path: Path) -> None:
    data = make_data(DemoPlan(source=source, rows=200), tmp_path)
    history, live = times(data.history, source), times(data.live, source)
    assert (len(history), len(live)) == (data.history_rows, data.live_rows) == (10_000, 200)
    assert all(a <= b for a, b in pairwise(history + live))


def test_the_earlier_seven_tenths_of_a_file_are_history(tmp_path: Path) -> None:
    """By event time, whatever the order of the file."""
    file = write_backwards(tmp_path / "r.jsonl", "reviews", 100)
    data = make_data(DemoPlan(source="reviews", data=file), tmp_path)
    history, live = times(data.history, "reviews"), times(data.live, "reviews")
    assert (len(history), len(live)) == (70, 30)
    assert all(a <= b for a, b in pairwise(history + live))


def test_no_more_of_a_file_is_replayed_than_asked_for(tmp_path: Path) -> None:
    file = write_backwards(tmp_path / "r.jsonl", "reviews", 100)
    data = make_data(DemoPlan(source="reviews", data=file, rows=5), tmp_path)
    assert times(data.live, "reviews") == times(file, "reviews")[::-1][70:75]


def test_rows_that_cannot_be_read_are_counted_and_left_out(tmp_path: Path) -> None:
    file = write_backwards(tmp_path / "r.jsonl", "reviews", 10)
    file.write_bytes(file.read_bytes() + b"\nno record\n")
    data = make_data(DemoPlan(source="reviews", data=file), tmp_path)
    assert data.unreadable == {"not_json": 1}
    assert data.history_rows + data.live_rows == 10


def test_a_file_without_a_record_is_refused_with_what_was_found(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    file.write_bytes(b"no record\n")
    with pytest.raises(UsageError, match=r"0 rows of .* could be read, 1 could not \(not_json 1\)"):
        make_data(DemoPlan(source="reviews", data=file), tmp_path)


@pytest.mark.parametrize("source", ["accidents", "reviews"])
def test_the_source_is_the_one_that_the_file_fits(source: str, tmp_path: Path) -> None:
    file = write_backwards(tmp_path / "r.jsonl", source, 3)
    assert source_of(DemoPlan(data=file), is_chosen=False) == source


def test_a_file_in_another_dialect_is_shown_and_an_ambiguous_one_needs_a_word(
    tmp_path: Path,
) -> None:
    records = list(generate("accidents", 60, np.random.default_rng(3), per_day=3))
    file = tmp_path / "a.csv"
    write_spreadsheet(records[:20], file)
    assert source_of(DemoPlan(data=file), is_chosen=False) == "accidents"
    with pytest.raises(AmbiguityError, match="--dialect spreadsheet"):
        make_data(DemoPlan(data=file), tmp_path)
    write_spreadsheet(records, file)
    for dialect in (None, "spreadsheet"):
        data = make_data(DemoPlan(data=file, dialect=dialect), tmp_path)
        codec = Codec(load_source("accidents"))
        expected = [codec.event_time(codec.decode(msgspec.json.encode(r))) for r in records]
        shown = times(data.history, "accidents") + times(data.live, "accidents")
        assert shown == [instant.utc_ms for instant in expected]


def test_a_file_of_no_known_source_has_one_inferred_that_may_be_edited(tmp_path: Path) -> None:
    file = tmp_path / "sizes.jsonl"
    file.write_bytes(b"".join(b'{"at": %d, "size": 2}\n' % (1_700_000_000 + i) for i in range(30)))
    draft = tmp_path / "sizes.toml"
    for _ in range(2):
        assert source_of(DemoPlan(data=file), is_chosen=False, drafts=tmp_path) == str(draft)
        draft.write_text(draft.read_text().replace('title = "Sizes"', 'title = "Edited"'))
    assert load_source(str(draft)).title == "Edited"
    data = make_data(DemoPlan(data=file, source=str(draft)), tmp_path)
    assert (data.history_rows, data.live_rows) == (21, 9)
    draft.write_text(draft.read_text().replace("fields.size", "fields.width"))
    with pytest.raises(UsageError, match="Move it away, or name the source with --source"):
        source_of(DemoPlan(data=file), is_chosen=False, drafts=tmp_path)


def test_a_file_that_no_source_can_be_inferred_from_asks_for_one(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    file.write_bytes(b'{"a": 1}\n')
    with pytest.raises(UsageError, match=r"needs an event time.*name the source with --source"):
        source_of(DemoPlan(data=file), is_chosen=False, drafts=tmp_path)
    assert source_of(DemoPlan(data=file), is_chosen=True) == "accidents"


@pytest.mark.parametrize("source", ["accidents", "reviews"])
def test_each_broken_record_breaks_the_rule_that_it_names(source: str) -> None:
    codec = Codec(load_source(source))
    (record,) = generate(source, 1, np.random.default_rng(3))
    broken = broken_records(load_source(source), msgspec.json.encode(record))
    for reason, value in broken:
        with pytest.raises(RecordFault, match=f"^{reason}: "):
            codec.event_time(codec.decode(value))
    reasons = [reason for reason, _ in broken]
    assert len(reasons) == len(set(reasons)) == 7


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rows": 0}, "--rows must be at least 1; received 0"),
        ({"inject": 1.5}, "--inject is a share from 0 to 1; received 1.5"),
        ({"rate": 0.0}, "--rate must be above 0; received 0"),
        ({"seed": -1}, "--seed must be at least 0; received -1"),
        ({"data": Path("absent.csv")}, "--data names a file of records; absent.csv is none"),
    ],
)
def test_a_plan_states_the_rule_that_it_breaks(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as refusal:
        DemoPlan(**wrong).check()  # type: ignore[arg-type]  # of one field each
    assert str(refusal.value) == message


def test_a_folder_to_keep_must_be_new(tmp_path: Path) -> None:
    DemoPlan(keep=tmp_path).check()
    DemoPlan(keep=tmp_path / "new").check()
    (tmp_path / "something").touch()
    with pytest.raises(UsageError, match="streamscore up --data-dir"):
        DemoPlan(keep=tmp_path).check()
