"""A sample of data is judged as a producer and a scorer would judge it."""

from pathlib import Path

from streamscore.sources import load_source
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
    found = check_sample(load_source("reviews"), path, 5)
    assert (found.rows, found.accepted) == (5, 2)
    assert [(f.reason, f.rows, f.first_line) for f in found.faults] == [
        ("not_json", 1, 2),
        ("out_of_range", 2, 3),
    ]


def test_a_sample_that_fits_has_no_faults(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(GOOD)
    assert check_sample(load_source("reviews"), path, 10) == SampleCheck(1, 1, ())
