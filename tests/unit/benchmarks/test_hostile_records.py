"""Hostile records are judged by the codec as by a plain reading, and leave no trace in scores."""

from collections import Counter

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks._hostile_records import KINDS, Trial, hostile_records, large
from streamscore.scoring import PartitionFold
from streamscore.sources import REASONS, Codec, load_source
from tests.naive.codec import naive_judgement
from tests.scoring_parts import accident_model, accident_values
from tests.unit.benchmarks.generated import values_of

MODEL = accident_model()
GOOD = accident_values(1200)[1000:]


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), share=st.sampled_from([0.1, 0.5, 1.0]))
def test_dead_records_leave_no_trace_and_each_is_judged_as_naively(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    spoiled = hostile_records(MODEL.source, GOOD, 60, rng)
    values = [bad if rng.random() < share else good for good, bad in zip(GOOD, spoiled)]  # noqa: B905
    scored = PartitionFold(MODEL, MODEL.new_window(1)).fold(values)
    expected = [naive_judgement(MODEL.source, value) for value in values]
    assert scored.good == [place for place, reasons in enumerate(expected) if not reasons]
    for place, fault in scored.faults:
        assert fault.reason in expected[place], values[place]
    alone = PartitionFold(MODEL, MODEL.new_window(1)).fold([values[place] for place in scored.good])
    assert scored.scores.tolist() == alone.scores.tolist()
    assert scored.judged.p_value.tolist() == alone.judged.p_value.tolist()


@pytest.mark.parametrize("name", ["accidents", "reviews"])
def test_every_kind_of_either_source_is_judged_as_naively(name: str) -> None:
    source, rng = load_source(name), np.random.default_rng(3)
    good = values_of(name, 200)
    made = hostile_records(source, good, 130 * len(KINDS), rng)
    batch = Codec(source).read(made)
    expected = [naive_judgement(source, value) for value in made]
    assert batch.places == [place for place, reasons in enumerate(expected) if not reasons]
    assert all(fault.reason in expected[place] for place, fault in batch.faults)
    found = Counter(fault.reason for _, fault in batch.faults)
    assert set(found) >= set(REASONS) - {"too_big", "missing_field", "event_time_unreadable"}
    assert batch.places, "some of what is hostile keeps every rule"


def test_a_long_string_is_too_big_or_just_long() -> None:
    rng = np.random.default_rng(1)
    made = [large(Trial(GOOD[0], MODEL.source, rng)) for _ in range(12)]
    assert {bool(naive_judgement(MODEL.source, value)) for value in made} == {True, False}
    assert msgspec.json.decode(made[0])
