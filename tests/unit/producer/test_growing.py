"""A growing file gives whole lines, waits at its end, and knows when it is another one."""

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.growing import (
    LONGEST_LINE_BYTES,
    POLL_SECONDS,
    ROTATION_GRACE_SECONDS,
    GrowingFile,
    fingerprint,
    has_fingerprint,
)

Act = Callable[[], object]


class ScriptedClock:
    """Each wait does the next thing to the file; when there is nothing left to do it goes on."""

    def __init__(self, *acts: Act) -> None:
        self.seconds = 0.0
        self._acts: Iterator[Act] = iter(acts)

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        next(self._acts, lambda: None)()


def growing(
    path: Path, *acts: Act, idle: float | None = 5.0, is_stopped: Callable[[], bool] | None = None
) -> GrowingFile:
    clock = ScriptedClock(*acts)
    descriptor = os.open(path, os.O_RDONLY)
    return GrowingFile(path, descriptor, clock, idle, is_stopped or (lambda: False))


def read(stream: GrowingFile) -> list[bytes]:
    with io.BufferedReader(stream) as content:
        return list(content)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"one\ntwo\n")
    return path


def appending(path: Path, content: bytes) -> Act:
    def act() -> None:
        with path.open("ab") as file:
            file.write(content)

    return act


def test_a_line_that_never_ends_is_not_kept(path: Path) -> None:
    chunk = b"x" * 1_000_000
    with path.open("ab") as file:
        for _ in range(LONGEST_LINE_BYTES // len(chunk) + 20):
            file.write(chunk)
    stream = growing(path, is_stopped=lambda: True)
    size = 0
    with io.BufferedReader(stream) as content:
        while part := content.read1(1 << 20):
            size += len(part)
    assert LONGEST_LINE_BYTES < size < path.stat().st_size


def test_lines_come_as_they_are_written_and_only_whole(path: Path) -> None:
    stream = growing(path, appending(path, b"thr"), appending(path, b"ee\nfo"))
    assert read(stream) == [b"one\n", b"two\n", b"three\n"]
    assert stream.end == "idle"


def test_it_is_looked_at_at_the_stated_interval_and_ends_when_idle(path: Path) -> None:
    clock = ScriptedClock()
    stream = GrowingFile(path, os.open(path, os.O_RDONLY), clock, 1.0, lambda: False)
    assert len(read(stream)) == 2
    assert clock.seconds == pytest.approx(1.0, abs=POLL_SECONDS + 1e-9)


def test_it_ends_when_stopped(path: Path) -> None:
    answers = iter([False, False, True])
    stream = growing(path, idle=None, is_stopped=lambda: next(answers))
    assert read(stream) == [b"one\n", b"two\n"]
    assert stream.end == "stopped"


def test_a_rotated_file_is_read_to_its_end_even_where_its_writer_is_late(path: Path) -> None:
    old = path.with_name("a.jsonl.1")

    def rotate() -> None:
        path.rename(old)
        path.write_bytes(b"new\n")

    stream = growing(path, rotate, appending(old, b"late\nlast without its end"))
    assert read(stream) == [b"one\n", b"two\n", b"late\n", b"last without its end"]
    assert stream.end == "rotated"


def test_a_file_renamed_and_not_yet_made_anew_is_waited_for(path: Path) -> None:
    old = path.with_name("a.jsonl.1")
    nothing = [lambda: None] * int(2 * ROTATION_GRACE_SECONDS / POLL_SECONDS)
    acts = [lambda: path.rename(old), *nothing, appending(old, b"late\n")]
    assert read(growing(path, *acts)) == [b"one\n", b"two\n", b"late\n"]


@pytest.mark.parametrize("content", [b"", b"x\n", b"a new beginning, longer than before\n"])
def test_an_emptied_file_is_noticed_however_far_it_has_grown_again(
    path: Path, content: bytes
) -> None:
    stream = growing(path, lambda: path.write_bytes(content))
    assert read(stream) == [b"one\n", b"two\n"]
    assert stream.end == "truncated"


def test_a_pipe_ends_with_its_writer() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"one\ntwo")
    os.close(writing)
    stream = GrowingFile(Path("pipe"), reading, ScriptedClock(), None, lambda: False)
    assert read(stream) == [b"one\n", b"two"]
    assert stream.end == "closed"


@given(
    st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), max_size=40),
    st.lists(st.integers(1, 50), min_size=1, max_size=40),
)
def test_however_it_is_written_the_lines_are_those_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], sizes: list[int]
) -> None:
    path = tmp_path_factory.mktemp("grown") / "a.jsonl"
    path.write_bytes(b"")
    content = b"".join(line + b"\n" for line in lines)
    acts, start = [], 0
    for size in sizes:
        acts.append(appending(path, content[start : start + size]))
        start += size
    acts.append(appending(path, content[start:]))
    assert read(growing(path, *acts, idle=60.0)) == [line + b"\n" for line in lines]


def test_a_file_is_known_by_its_beginning(path: Path) -> None:
    stream = growing(path, idle=0.2)
    read(stream)
    known = stream.fingerprint()
    appending(path, b"three\n")()
    assert has_fingerprint(path, known)
    assert not has_fingerprint(path, fingerprint(b"one\ntwx\n"))
    assert not has_fingerprint(path.with_name("absent"), known)
    path.write_bytes(b"one\n")
    assert not has_fingerprint(path, known)
