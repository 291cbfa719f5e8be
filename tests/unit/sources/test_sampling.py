"""A sample of data is judged as a producer and a scorer would judge it."""

from pathlib import Path

from streamscore.sources import load_source
from streamscore.sources.record_files import LocalFile
from streamscore.sources.sampling import SampleCheck, check_sample

GOOD = (
    '{"timestamp": 1583032084430, "rating": 5, "title": "t", "text": "x", "asin": "a", '
    '"parent_asin": "a", "user_id": "u", "helpful_vote": 0, "verified_purchase": true}'
)


def test_rows_are_counted_by_what_is_wrong_with_them(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    bad_rating = GOOD.replace('"rating": 5', '"rating": 9')
    rows = [GOOD, "{", bad_rating, GOOD, bad_rating, GOOD]
    path.write_text("\n".join(rows))
    found = check_sample(load_source("reviews"), LocalFile(path), 5)
    assert (found.rows, found.accepted) == (5, 2)
    assert [(f.reason, f.rows, f.first_line) for f in found.faults] == [
        ("not_json", 1, 2),
        ("out_of_range", 2, 3),
    ]


def test_a_sample_that_fits_has_no_faults(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(GOOD)
    expected = SampleCheck("canonical", 1, 1, ())
    assert check_sample(load_source("reviews"), LocalFile(path), 10) == expected


def test_a_record_is_too_big_as_the_scorer_is_told(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(GOOD)
    for max_bytes, accepted in ((len(GOOD), 1), (len(GOOD) - 1, 0)):
        found = check_sample(load_source("reviews"), LocalFile(path), max_bytes=max_bytes)
        assert found.accepted == accepted
        assert [fault.reason for fault in found.faults] == ["too_big"] * (1 - accepted)


def test_a_whole_file_is_looked_at_where_no_limit_is_given(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    old = '{"unixReviewTime": 1583032084, "overall": 5, "asin": "a", "reviewerID": "u"%s}\n'
    path.write_text((old % ', "verified": true') * 30_000 + old % "")
    found = check_sample(load_source("reviews"), LocalFile(path))
    assert (found.dialect, found.rows, found.accepted) == ("edition-2018", 30_001, 30_000)
    assert [(f.reason, f.first_line, f.detail) for f in found.faults] == [
        ("missing_field", 30_001, "verified_purchase (verified) is required, got none")
    ]
