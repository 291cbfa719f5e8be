"""Ready means: a model, a partition, and progress while records wait."""

from scorer.health import Watch


class Working:
    """A processor as the watch sees it."""

    def __init__(self, partitions: tuple[int, ...] = (0, 1)) -> None:
        self.partitions = partitions
        self.progress_seconds = 100.0
        self.waiting_records = 0
        self.why_paused = ""


def _watch(processor: Working, now_seconds: float = 100.0, version: str | None = "3") -> Watch:
    return Watch(
        "scoring.x", processor, lambda: version, lambda: "a model", 60.0, lambda: now_seconds
    )


def test_a_processor_with_model_and_partitions_is_ready() -> None:
    health = _watch(Working()).health()
    assert health.ready
    assert health.why == ""
    assert (health.partitions, health.model_version) == ([0, 1], "3")


def test_without_a_model_it_is_not_ready_and_says_what_it_waits_for() -> None:
    health = _watch(Working(), version=None).health()
    assert not health.ready
    assert health.why == "waiting for a model"


def test_without_partitions_it_is_not_ready() -> None:
    assert "no partition" in _watch(Working(())).health().why


def test_it_is_not_ready_when_records_wait_and_nothing_moves() -> None:
    stuck = Working()
    stuck.waiting_records = 7
    assert _watch(stuck, now_seconds=160.0).health().ready
    assert "no progress for 61 s while 7 records wait" in _watch(stuck, 161.0).health().why


def test_silence_on_the_stream_is_no_stall() -> None:
    assert _watch(Working(), now_seconds=10_000.0).health().ready


def test_a_processor_that_pauses_is_not_ready_and_says_why() -> None:
    pausing = Working()
    pausing.why_paused = "paused: 501 of the latest 1000 records are bad"
    pausing.waiting_records = 7
    health = _watch(pausing, now_seconds=10_000.0).health()
    assert (health.ready, health.paused) == (False, True)
    assert health.why == pausing.why_paused
