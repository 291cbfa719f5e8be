from pathlib import Path

from benchmarks.third_stream import Outcome, Stream, edited_lines, figures_of


def test_a_changed_line_is_one_edit_and_so_is_an_added_or_removed_one() -> None:
    draft = "a\nb\nc\n"
    assert edited_lines(draft, draft) == 0
    assert edited_lines(draft, "a\nB\nc\n") == 1
    assert edited_lines(draft, "a\nb\nnew\nc\n") == 1
    assert edited_lines(draft, "c\n") == 2
    assert edited_lines(draft, "x\ny\nz\nmore\n") == 4


def test_the_worst_stream_counts() -> None:
    stream = Stream("some orders", Path("o.csv"), "made", rows=10, readable=8)
    good = Outcome(8, 0, 1, {"wrong_type": 2}, edits=0, seconds=60)
    bad = Outcome(4, 1, 0, {"wrong_type": 2}, edits=3, seconds=120)
    figures = figures_of([(stream, good), (stream._replace(name="other"), bad)])
    assert figures["most_edited_lines"] == 3
    assert figures["rows_unaccounted"] == 3
    assert figures["least_scored_share_of_readable_rows"] == 0.5
    assert (figures["some_orders_minutes"], figures["other_edits"]) == (1, 3)
