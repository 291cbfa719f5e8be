import gzip
from pathlib import Path

import pytest

from streamscore.errors import UsageError
from streamscore.sources.inference.samples import Sample, read_sample
from streamscore.sources.record_files import LocalFile
from tests.inferred_files import FileInMemory


def sample(name: str, content: bytes, most_rows: int = 100) -> Sample:
    return read_sample(FileInMemory(name, content), most_rows)


def values(found: Sample) -> dict[str, list[object]]:
    return {column.name: column.values for column in found.columns}


def test_a_file_is_read_once_and_its_rest_is_counted() -> None:
    file = FileInMemory("a.csv", b"a,b\n" + b"1,x\n" * 50)
    found = read_sample(file, 10)
    assert (file.opened, found.rows, found.total_rows) == (1, 10, 50)


def test_a_csv_becomes_columns_whatever_its_header_is_called() -> None:
    found = sample("a.csv", '\ufeffa b,"c,d",é.f\r\n1,"x\ny",\r\n\r\n2,z,3\r\n'.encode())
    assert values(found) == {"a b": ["1", "2"], "c,d": ["x\ny", "z"], "é.f": [None, "3"]}


def test_a_gzipped_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}\n{"a": 2}\n'))
    assert values(read_sample(LocalFile(path), 9)) == {"a": [1, 2]}


def test_rows_that_are_none_are_counted_and_left_out() -> None:
    found = sample("a.csv", b"a,b\n1,2\n1\n1,\xff\n3,4\n")
    assert (found.rows, found.unread, values(found)["a"]) == (2, 2, ["1", "3"])
    found = sample("a.jsonl", b'{"a": 1}\nno\n[1]\n\n{"a": 2}')
    assert (found.rows, found.unread, values(found)["a"]) == (2, 2, [1, 2])


def test_objects_within_objects_become_columns_with_a_path() -> None:
    found = sample(
        "a.jsonl",
        b'{"id": 1, "after": {"amount": 2.5, "to": {"city": "Ulm"}}, "before": null}\n'
        b'{"id": 2, "after": null, "before": {"amount": 1.0}, "tags": [1]}\n',
    )
    assert [(c.name, c.path, c.values) for c in found.columns] == [
        ("id", None, [1, 2]),
        ("after_amount", "after.amount", [2.5, None]),
        ("after_to_city", "after.to.city", ["Ulm", None]),
        ("before_amount", "before.amount", [None, 1.0]),
        ("tags", None, [None, [1]]),
    ]


def test_a_name_that_is_taken_gets_a_number() -> None:
    found = sample("a.jsonl", b'{"a_b": 1, "a": {"b": 2}}')
    assert [(c.name, c.path) for c in found.columns] == [("a_b", None), ("a_b_2", "a.b")]


@pytest.mark.parametrize(
    "lines",
    [
        b'{"a": {"b": 1}}\n{"a": 2}',
        b'{"a": {}}\n{"a": {}}',
        b'{"a": {' + b", ".join(b'"k%d": 1' % i for i in range(70)) + b"}}",
    ],
)
def test_what_is_no_structure_is_one_column_that_is_not_looked_into(lines: bytes) -> None:
    found = sample("a.jsonl", lines)
    assert [(c.name, c.path) for c in found.columns] == [("a", None)]
    assert all(isinstance(value, dict) for value in found.columns[0].values)


def test_what_no_field_can_be_called_is_left_out_with_the_reason() -> None:
    found = sample("a.csv", b'"a""b",,x\n1,2,3\n')
    assert values(found) == {"x": ["3"]}
    assert "quotation mark" in found.left_out['a"b']
    assert "no name" in found.left_out[""]
    found = sample("a.jsonl", b'{"a": {"b.c": 1}, "x": 1}')
    assert list(found.left_out) == ["a.b.c"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "a.csv holds nothing"),
        ("a.csv", b"a,b\n", "a.csv holds nothing"),
        ("a.csv", b"a,b\n1\n", "1 line that is no record"),
        ("a.jsonl", b"no\n", "1 line that is no record"),
        ("a.csv", b"a,a\n1,2\n", "the header of a.csv repeats a"),
        ("a.csv", b"a|b\n1|2\n", "has bars"),
        ("a.csv", b"1.5,2\n1,2\n", "holds numbers only: 1.5, 2"),
        ("a.csv", b"\xff,b\n1,2\n", "is UTF-8"),
        ("a.xlsx", b"", "ends in .csv"),
    ],
)
def test_a_file_that_tells_nothing_is_refused_with_the_rule(
    name: str, content: bytes, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        sample(name, content)


def test_a_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="must be readable"):
        read_sample(LocalFile(Path("no-such.csv")), 5)
