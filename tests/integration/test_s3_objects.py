"""Objects of a real S3 server are read like files, and what goes wrong is told."""

import gzip
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from adapters.record_inputs import record_file, record_files
from cli.app import main
from embedded.ports import answers, free_ports
from streamscore.errors import UsageError
from streamscore.sources.row_files import read_rows
from tests.sensors import SENSORS, sensor_values

pytestmark = pytest.mark.integration

SERVER = Path(sys.executable).with_name("rclone")
VALUES = sensor_values(20_000)
CONTENT = b"\n".join(VALUES)
LARGE_BYTES = 64_000_000
"""More than the buffers between server and reader hold."""


class Store(NamedTuple):
    """A running server, what a client needs to know, and the folder of its one bucket."""

    process: "subprocess.Popen[bytes]"
    environ: dict[str, str]
    bucket: Path


@contextmanager
def serving(folder: Path) -> Iterator[Store]:
    (port,) = free_ports(1, random.Random(os.getpid()))
    bucket = folder / "bucket"
    bucket.mkdir()
    address = f"127.0.0.1:{port}"
    command = [str(SERVER), "serve", "s3", "--addr", address, "--dir-cache-time", "0s"]
    command += ["--auth-key", "streamscore,for-this-test", str(folder)]
    environ = {
        "AWS_ACCESS_KEY_ID": "streamscore",
        "AWS_SECRET_ACCESS_KEY": "for-this-test",
        "AWS_ENDPOINT_URL": f"http://{address}",
    }
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 30
        while not answers(port):
            assert process.poll() is None, "the S3 server ended"
            assert time.monotonic() < deadline, "the S3 server does not answer"
        try:
            yield Store(process, environ, bucket)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with serving(tmp_path_factory.mktemp("s3")) as running:
        yield running


def values_of(url: str, environ: dict[str, str]) -> list[bytes]:
    rows = read_rows(SENSORS, record_file(url, None, environ))
    return [row.value for _, row, _ in rows if row is not None]


@pytest.mark.parametrize("key", ["a.jsonl", "may/b c.jsonl.gz"])
def test_an_object_has_the_rows_of_the_file(store: Store, key: str) -> None:
    path = store.bucket / key
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(CONTENT) if key.endswith(".gz") else CONTENT)
    assert len(CONTENT) > 1_500_000  # more than is read at once
    assert values_of(f"s3://bucket/{key}", store.environ) == VALUES


def test_a_folder_and_a_pattern_stand_for_all_objects_that_match(store: Store) -> None:
    for key in ("days/2.jsonl", "days/1.jsonl", "days/more/3.csv", "daysandmore/4.jsonl"):
        (store.bucket / key).parent.mkdir(exist_ok=True)
        (store.bucket / key).write_bytes(b"{}")

    def named(url: str) -> list[str]:
        return [file.name for file in record_files([url], None, store.environ)]

    days = ["s3://bucket/days/1.jsonl", "s3://bucket/days/2.jsonl"]
    assert named("s3://bucket/days/") == [*days, "s3://bucket/days/more/3.csv"]
    assert named("s3://bucket/da*/?.jsonl") == [*days, "s3://bucket/daysandmore/4.jsonl"]
    with pytest.raises(UsageError, match="s3://bucket/nights/ matches none"):
        named("s3://bucket/nights/")


@pytest.mark.parametrize(
    ("url", "changed", "message"),
    [
        ("s3://bucket/none.csv", {}, "the bucket bucket holds no object of that key"),
        ("s3://absent/a.csv", {}, "there is no bucket absent at http://127"),
        (
            "s3://bucket/a.csv",
            {"AWS_SECRET_ACCESS_KEY": "wrong"},
            r"the store refused: SignatureDoesNotMatch\. Check AWS_ACCESS_KEY_ID",
        ),
        (
            "s3://bucket/a.csv",
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
            r"Check AWS_ENDPOINT_URL \(http://127\.0\.0\.1:1\)",
        ),
    ],
)
def test_what_keeps_an_object_from_being_read_is_told(
    store: Store, url: str, changed: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        values_of(url, store.environ | changed)


def test_a_pattern_of_a_bucket_that_cannot_be_listed_is_told(store: Store) -> None:
    environ = store.environ | {"AWS_SECRET_ACCESS_KEY": "wrong"}
    with pytest.raises(UsageError, match=r"s3://bucket/\* must be readable; .* refused"):
        record_files(["s3://bucket/*"], None, environ)


def test_an_object_that_breaks_off_in_the_middle_is_an_error_and_never_its_end(
    tmp_path: Path,
) -> None:
    with serving(tmp_path) as store:
        with (store.bucket / "large.csv").open("wb") as file:
            file.truncate(LARGE_BYTES)
        content = record_file("s3://bucket/large.csv", None, store.environ).open()
        assert content.read(1_000_000) == bytes(1_000_000)
        store.process.kill()
        store.process.wait()
        with pytest.raises(OSError, match="Check AWS_ENDPOINT_URL"):
            content.read()


def test_a_command_reads_objects(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in store.environ.items():
        monkeypatch.setenv(name, value)
    path = store.bucket / "reviews.jsonl.gz"
    assert main(["generate", "reviews", "--rows", "30", "--out", str(path)]) == 0
    assert main(["sources", "check", "reviews", "s3://bucket/reviews.jsonl.gz"]) == 0
    assert "accepted  30" in capsys.readouterr().out
