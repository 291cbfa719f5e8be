"""Of the files beside a followed one, those that were rotated away unsent come next, in order."""

import os
from pathlib import Path

import pytest

from producer.growing import fingerprint_of
from producer.rotations import Rotations
from streamscore.errors import UsageError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return written(tmp_path / "a.log", "first", 10)


def written(path: Path, content: str, at: int) -> Path:
    path.write_text(content)
    os.utime(path, ns=(at, at))
    return path


def rotations(path: Path) -> Rotations:
    return Rotations(path, path.with_name("a.rejects.jsonl"))


def finish(found: Rotations, path: Path) -> None:
    found.finish(path.stat(), fingerprint_of(path))


def next_content(found: Rotations) -> str | None:
    opened = found.open_next()
    if opened is None:
        return None
    path, descriptor = opened
    with os.fdopen(descriptor, "rb") as file:
        finish(found, path)
        return file.read().decode()


@pytest.mark.parametrize(
    "names",
    [
        ("a.log.3", "a.log.2", "a.log.1"),
        ("a-20240131.log", "a-20240201.log", "a-20240202.log"),
        ("a.log-20240131T1000Z", "a.log-20240131T1100Z", "a.log-20240201T1100Z"),
    ],
)
def test_files_rotated_away_unsent_come_in_the_order_they_were_written(
    path: Path, names: tuple[str, ...]
) -> None:
    found = rotations(path)
    finish(found, path.rename(path.with_name(names[0])))
    # One may have the time of the one before: clocks of file systems are coarse.
    written(path.with_name(names[1]), "second", 10)
    written(path.with_name(names[2]), "third", 30)
    written(path, "present", 40)
    assert found.is_finished_beside()
    assert [next_content(found) for _ in range(3)] == ["second", "third", None]


def test_nothing_comes_before_one_file_was_sent(path: Path) -> None:
    found = rotations(path)
    written(path.with_name("a.log.1"), "older", 99)
    assert next_content(found) is None


def test_what_lay_there_at_the_beginning_and_what_is_called_otherwise_is_not_sent(
    path: Path,
) -> None:
    for name in ("a.log.7", "a-report.log", "a.rejects.jsonl", "a.log.1.md5", "another.log"):
        written(path.with_name(name), name, 50)
    found = rotations(path)
    finish(found, path.rename(path.with_name("a.log.1")))
    written(path.with_name("a.log.2"), "", 50)
    assert next_content(found) is None


def test_a_file_with_the_number_of_one_that_was_removed_is_another_one(path: Path) -> None:
    found = rotations(path)
    finish(found, path)
    # A number is given again as soon as its file is gone; here the same file gets new content.
    written(path.rename(path.with_name("a.log.1")), "second", 20)
    assert next_content(found) == "second"


def test_a_file_that_grows_after_it_was_sent_is_not_sent_again(path: Path) -> None:
    found = rotations(path)
    finish(found, path)
    written(path.rename(path.with_name("a.log.1")), "first and more", 20)
    assert next_content(found) is None


def test_one_that_was_compressed_before_it_was_sent_is_refused(path: Path) -> None:
    found = rotations(path)
    finish(found, path.rename(path.with_name("a.log.2")))
    written(path.with_name("a.log.2.gz"), "being made of what was sent", 99)
    written(path.with_name("a.log.3.gz"), "older", 9)
    assert next_content(found) is None
    written(path.with_name("a.log.1.gz"), "second", 20)
    with pytest.raises(UsageError, match=r"a\.log\.1\.gz was written behind .* is compressed"):
        found.open_next()


def test_a_finished_file_that_was_moved_elsewhere_is_told_of(path: Path) -> None:
    found = rotations(path)
    finish(found, path)
    path.rename(path.with_name("gone"))
    assert not found.is_finished_beside()


def test_the_file_begun_with_is_at_its_path_or_the_latest_beside_it(path: Path) -> None:
    wanted = fingerprint_of(path)
    assert rotations(path).begun(wanted) == path
    old = path.rename(path.with_name("a.log.2"))
    written(path, "present", 40)
    assert rotations(path).begun(wanted) == old
    written(path.with_name("a.log.1"), "second", 20)
    with pytest.raises(UsageError, match=r"begins otherwise now.*without --resume"):
        rotations(path).begun(wanted)
