"""Exactly once, in short: workers are killed at every point of a transaction, leave and return.

The long form is the benchmark `exactly_once`.
"""

import random
from pathlib import Path

import msgspec
import numpy as np
import pytest

from benchmarks._faults.campaign import OPEN_POINTS, POINTS, random_lives
from benchmarks._faults.outcome import Verdict
from benchmarks._faults.records import rows
from benchmarks._faults.run import Conditions, run
from streamscore.settings import Scorer
from streamscore.sources import REASONS, load_source
from streamscore.synthetic import generate

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

NOTHING_WRONG = Verdict(
    missing=0,
    repeated=0,
    strange=0,
    repeated_events=0,
    unflagged_events=0,
    row_ids_missing=0,
    row_ids_repeated=0,
)


def test_every_record_ends_in_one_place_whatever_is_killed(kafka: str, tmp_path: Path) -> None:
    made = generate("accidents", 4_000, np.random.default_rng(5))
    values = [msgspec.json.encode(record) for record in made]
    source = msgspec.structs.replace(
        load_source("accidents"), scores=True, topic="records.exactly-once"
    )
    conditions = Conditions(
        bootstrap_servers=kafka,
        source=source,
        partitions=3,
        rows=rows(values, 12_000),
        per_second=200.0,
        history=values,
        lives=random_lives(random.Random(3), per_point=1, kills=1, leaves=1),
        scorer=Scorer(checkpoint_records=300, session_timeout_ms=6000),
        detector="categorical",  # what it remembers must survive each takeover
    )
    result = run(conditions, tmp_path)
    assert result.unexpected == []
    assert result.verdict == NOTHING_WRONG
    assert result.unequal == {"scores": 0, "events": 0, "dead_letters": 0}
    assert set(result.reasons) == set(REASONS)
    assert result.events > 50
    assert set(result.kills) == {*POINTS, "random"}
    assert result.left_open == len(OPEN_POINTS)
    assert result.leaves == {0: 1, 1: 1}
    assert result.outlasted
