"""A processor pauses where too many of the latest records are bad, and nowhere else."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scorer.pausing import Pausing
from streamscore.settings import Scorer
from streamscore.sources import RecordFault
from tests.scoring_parts import Consumed

FAULT = RecordFault("wrong_type", "Expected `int`, got `str` - at `$.n`")
OTHER = RecordFault("event_time_absurd", "event time must lie between ..., got '1066-10-14'")


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return them."""
        return self.now


class Stream:
    """Batches of good and bad records told to one pausing."""

    def __init__(self, *, hides_event_times: bool = False, **settings: Any) -> None:
        self.clock = Clock()
        self.offset = 0
        self.pausing = Pausing(
            "scoring.x",
            "x",
            Scorer(**settings),
            hides_event_times=hides_event_times,
            monotonic=self.clock,
        )

    def batch(self, bad: list[bool], fault: RecordFault = FAULT, silent: int = 0) -> int:
        """Offer a batch and return how much of it was admitted and committed."""
        records = [Consumed(self.offset + at, b"") for at in range(len(bad))]
        faults = [(at, fault) for at, is_bad in enumerate(bad) if is_bad]
        taken = self.pausing.admit(records, faults, silent)
        self.offset += taken
        self.pausing.committed()
        return taken


def test_one_bad_record_in_ten_never_pauses() -> None:
    stream, rng = Stream(), np.random.default_rng(5)
    for _ in range(40):
        assert stream.batch((rng.random(5000) < 0.1).tolist()) == 5000
    assert not stream.pausing.is_paused


def test_a_topic_of_bad_records_pauses_beyond_half_of_the_latest() -> None:
    stream = Stream(pause_share=0.5, pause_records=1000)
    assert stream.batch([True] * 16_384) == 501
    assert stream.pausing.is_paused


def test_a_pause_says_why_and_what_ends_it() -> None:
    stream = Stream(pause_records=10, pause_seconds=60)
    stream.batch([True], OTHER)
    stream.batch([False, True, True, False, True, True, True])
    stream.clock.now = 12.0
    assert stream.pausing.why() == (
        "paused: 6 of the latest 8 records are bad, mostly wrong_type (5), such as "
        "records.accidents/0/7: 'Expected `int`, got `str` - at `$.n`', more than "
        "scorer.pause_share = 0.5 allows. `streamscore deadletters list x.toml` shows them. "
        "Goes on in 48 s, or with `streamscore deadletters resume x.toml`"
    )


def test_a_pause_in_a_run_names_the_run_whose_dead_letters_to_look_at() -> None:
    pausing = Pausing("scoring.x.june", "x", Scorer(pause_records=10), run="june")
    bad = [(place, FAULT) for place in range(6)]
    pausing.admit([Consumed(place, b"") for place in range(6)], bad)
    assert pausing.committed()
    assert "`streamscore deadletters list x.toml --run june` shows them" in pausing.why()


def test_the_detail_of_a_private_event_time_is_not_shown() -> None:
    stream = Stream(hides_event_times=True, pause_records=10)
    stream.batch([True] * 6, OTHER)
    assert "1066" not in stream.pausing.why()


def test_a_pause_ends_by_itself_after_its_time() -> None:
    stream = Stream(pause_records=10, pause_seconds=60)
    stream.batch([True] * 10)
    stream.clock.now = 59.0
    assert not stream.pausing.ends()
    stream.clock.now = 60.0
    assert stream.pausing.ends()
    assert stream.pausing.why() == ""


def test_a_pause_ends_by_command_and_an_earlier_command_ends_none() -> None:
    stream = Stream(pause_records=10)
    stream.pausing.resume()
    stream.batch([True] * 10)
    assert not stream.pausing.ends()
    stream.pausing.resume()
    assert stream.pausing.ends()


def test_after_a_pause_a_bad_probe_pauses_at_once_and_a_good_one_goes_on() -> None:
    stream = Stream(pause_share=0.5, pause_records=1000)
    stream.batch([True] * 1000)
    stream.pausing.resume()
    assert stream.pausing.ends()
    assert stream.batch([True] * 1000) == 51
    stream.pausing.resume()
    assert stream.pausing.ends()
    assert stream.batch([*[True] * 50, *[False] * 50]) == 100
    assert stream.batch([True] * 1000) == 451, "the fifty of the probe are among the latest"


def test_while_a_pause_is_decided_other_partitions_give_no_more() -> None:
    stream = Stream(pause_records=10)
    records = [Consumed(at, b"", partition=1) for at in range(20)]
    assert stream.pausing.admit(records, [(at, FAULT) for at in range(20)]) == 6
    assert stream.pausing.admit(records, []) == 0
    assert stream.pausing.admit(records, [], silent=3) == 3


def test_what_was_processed_before_is_remembered_and_never_cut() -> None:
    stream = Stream(pause_records=10)
    assert stream.batch([True] * 9, silent=9) == 9
    assert not stream.pausing.is_paused
    assert stream.batch([False, True, True]) == 2, "a restarted worker does not begin anew"


def test_an_aborted_batch_counts_once() -> None:
    stream = Stream(pause_records=10)
    records = [Consumed(at, b"") for at in range(4)]
    for _ in range(5):
        assert stream.pausing.admit(records, [(at, FAULT) for at in range(4)]) == 4
        stream.pausing.aborted()
    assert not stream.pausing.committed()


def test_a_share_of_one_never_pauses() -> None:
    stream = Stream(pause_share=1.0, pause_records=10)
    assert stream.batch([True] * 5000) == 5000


@given(
    bad=st.lists(st.booleans(), max_size=120),
    cuts=st.lists(st.integers(1, 30), max_size=20),
    share=st.sampled_from([0.1, 0.3, 0.5, 0.95]),
)
def test_a_pause_begins_where_a_plain_count_says_whatever_the_batches(
    bad: list[bool], cuts: list[int], share: float
) -> None:
    stream, at, taken = Stream(pause_share=share, pause_records=20), 0, 0
    for size in [*cuts, len(bad)]:
        taken += stream.batch(bad[at : at + size])
        at += size
        if stream.pausing.is_paused:
            break
    expected = next(
        (n for n in range(1, len(bad) + 1) if sum(bad[max(0, n - 20) : n]) > share * 20), len(bad)
    )
    assert taken == expected


def test_a_topic_that_stays_bad_gives_few_dead_letters() -> None:
    stream = Stream(pause_records=1000)
    written = [stream.batch([True] * 5000)]
    for _ in range(3):
        stream.pausing.resume()
        stream.pausing.ends()
        written.append(stream.batch([True] * 5000))
    assert written == [501, 51, 51, 51]
