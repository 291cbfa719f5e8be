"""A path, `-` or a URL becomes a file of records; standard input tells what it is."""

import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from adapters.record_inputs import record_file, record_files
from cli.app import main
from streamscore.errors import UsageError
from streamscore.sources.inference.samples import read_sample
from streamscore.sources.record_files import Layout
from streamscore.sources.row_files import read_rows
from tests.sensors import SENSORS, sensor_values

VALUES = sensor_values(3)
LINES = b"\n".join(VALUES)
PACKED = gzip.compress(LINES, mtime=0)
KEYS = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}


class Trickle(io.RawIOBase):
    """A pipe that gives a byte at a time."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, into: "memoryview[int]") -> int:  # type: ignore[override]
        found = self._content.read(1)
        into[: len(found)] = found
        return len(found)


def values_of(stream: IO[bytes]) -> list[bytes]:
    rows = list(read_rows(SENSORS, record_file("-", None, {}, stream)))
    return [row.value for _, row, _ in rows if row is not None]


@pytest.mark.parametrize("ahead", [b"", b"\xef\xbb\xbf", b"\n \n"])
@pytest.mark.parametrize("packed", [bytes, gzip.compress])
def test_standard_input_tells_whether_it_is_zipped_and_json(ahead: bytes, packed: type) -> None:
    content = packed(ahead + LINES)
    assert values_of(io.BytesIO(content)) == VALUES
    assert values_of(io.BufferedReader(Trickle(content))) == VALUES


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_standard_input_whose_first_line_is_separated_is_a_csv(
    delimiter: str, encoding: str
) -> None:
    text = "at,sensor,owner,temperature,is_open\n1700000000000,north,ann,20.5,true\n"
    content = text.replace(",", delimiter).encode(encoding)
    (value,) = values_of(io.BytesIO(content))
    assert json.loads(value) == {
        "at": 1_700_000_000_000,
        "sensor": "north",
        "owner": "ann",
        "temperature": 20.5,
        "is_open": True,
    }


def test_standard_input_in_utf_16_tells_that_it_is_json() -> None:
    content = LINES.decode().encode("utf-16")
    assert [json.loads(value) for value in values_of(io.BytesIO(content))] == [
        json.loads(value) for value in VALUES
    ]


def test_the_format_that_is_given_goes_before_names_and_first_lines(tmp_path: Path) -> None:
    assert record_file("-", "csv", {}, io.BytesIO(b"{")).layout == "csv"
    assert record_file("a.txt", "jsonl", {}).layout == "jsonl"
    assert record_file("a.csv", "jsonl", {}).layout == "jsonl"
    assert record_file("s3://b/a.dat.gz", "csv", KEYS).layout == "csv"
    with pytest.raises(UsageError, match=r"a file of records ends in .* got a\.dat"):
        assert record_file("s3://b/a.dat", None, KEYS).layout


@pytest.mark.parametrize("content", [b"", b"\n\n", b"id", b"[1, 2]", b"\x00\xff"])
def test_standard_input_that_may_be_anything_is_asked_about(content: bytes) -> None:
    with pytest.raises(UsageError, match="--format csv or --format jsonl; it begins with '"):
        values_of(io.BytesIO(content))


def test_standard_input_is_read_once() -> None:
    file = record_file("-", None, {}, io.BytesIO(LINES))
    assert len(list(read_rows(SENSORS, file))) == 3
    with pytest.raises(UsageError, match="- is not: standard input can be read only once"):
        list(read_rows(SENSORS, file))


def test_a_gzip_that_breaks_off_is_told() -> None:
    cut = gzip.compress(LINES)[:-12]
    with pytest.raises(UsageError, match="- is not: Compressed file ended"):
        values_of(io.BytesIO(cut))


@pytest.mark.parametrize(
    "damaged",
    [
        b"\x1f\x8bno gzip at all",
        PACKED[:5],
        PACKED[:-12],
        PACKED[:10] + b"\xff" * 40,
    ],
)
@pytest.mark.parametrize("layout", [None, "jsonl"])
def test_a_damaged_gzip_on_standard_input_is_told(damaged: bytes, layout: Layout | None) -> None:
    for reading in (lambda file: list(read_rows(SENSORS, file)), lambda file: read_sample(file, 9)):
        with pytest.raises(UsageError, match="a file of records must be readable; - is not: "):
            reading(record_file("-", layout, {}, io.BytesIO(damaged)))


@pytest.mark.parametrize("url", ["s3://", "s3://bucket", "s3://bucket/", "s3:///key.csv"])
def test_a_url_names_a_bucket_and_a_key(url: str) -> None:
    with pytest.raises(UsageError, match=f"as s3://bucket/key; got {url}$"):
        record_files([url], None, KEYS)


@pytest.mark.parametrize(
    "more", [{"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, {"AWS_EC2_METADATA_DISABLED": "true"}]
)
def test_credentials_that_are_missing_are_told_at_once(more: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"s3://bucket needs credentials; .*AWS_ACCESS_KEY_ID"):
        record_files(["s3://bucket/a.csv"], None, more)


def test_a_command_reads_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    arguments = ["generate", "reviews", "--rows", "20", "--out", str(path)]
    assert main(arguments) == 0
    done = subprocess.run(
        [sys.executable, "-m", "cli.app", "sources", "check", "reviews", "-", "--json"],
        input=path.read_bytes(),
        capture_output=True,
        env=dict(os.environ),
        timeout=60,
        check=True,
    )
    assert json.loads(done.stdout)["sample"]["accepted"] == 20
