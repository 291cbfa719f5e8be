"""Generated files are read back as the records they were made of."""

import io
import json
from pathlib import Path

import msgspec
import pytest

from streamscore.errors import UsageError
from streamscore.sources import Codec, load_source
from streamscore.sources.record_files import LocalFile
from streamscore.sources.row_files import read_rows
from streamscore.synthetic import GENERATED
from streamscore.synthetic.writing import (
    FileFormat,
    GenerationPlan,
    labelled_records,
    write_records,
)
from tests.sensors import nested

PLAN = GenerationPlan(rows=400, seed=5, anomaly_share=0.1)


@pytest.mark.parametrize("is_nested", [False, True])
@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
@pytest.mark.parametrize("name", GENERATED)
def test_what_is_written_is_read_back_and_labels_name_its_lines(
    name: str, file_format: FileFormat, is_nested: bool, tmp_path: Path
) -> None:
    source = nested(load_source(name)) if is_nested else load_source(name)
    records = list(labelled_records(source, PLAN))
    path, labels = tmp_path / f"a.{file_format}", io.StringIO()
    with path.open("w", encoding="utf-8", newline="") as file:
        counts = write_records(source, records, file_format, file, labels)
    rows = list(read_rows(source, LocalFile(path)))
    codec = Codec(source)
    decoded = [codec.decode(row.row.value) for row in rows if row.row is not None]
    assert decoded == [codec.decode(msgspec.json.encode(one.record)) for one in records]
    kinds = {row.line: one.kind for row, one in zip(rows, records, strict=True) if one.kind}
    assert {label["line"]: label["kind"] for label in map(json.loads, _lines(labels))} == kinds
    assert counts == (400, len(kinds))
    assert 20 <= len(kinds) <= 60


def _lines(file: io.StringIO) -> list[str]:
    return file.getvalue().splitlines()


def test_anomalies_leave_the_other_records_as_they_are() -> None:
    source = load_source("accidents")
    clean = labelled_records(source, GenerationPlan(rows=400, seed=5))
    for plain, labelled in zip(clean, labelled_records(source, PLAN), strict=True):
        assert plain.kind is None
        assert (plain.record == labelled.record) == (labelled.kind is None)


def test_a_share_beyond_one_is_refused() -> None:
    with pytest.raises(UsageError, match=r"a share from 0 to 1, got 1\.5"):
        labelled_records(load_source("accidents"), GenerationPlan(rows=1, anomaly_share=1.5))
