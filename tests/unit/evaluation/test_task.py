"""Anomalies are put into the latest slice, and say where and what they changed."""

import msgspec
import numpy as np
import pytest

from streamscore.evaluation.task import Injecting, anomalies_wanted
from streamscore.synthetic.kinds import Pool, Record, Rng
from streamscore.synthetic.role_anomalies import role_kinds
from tests.sensors import SENSORS, STEP_MS
from tests.unit.evaluation.asked import CODEC, PREVALENCE, asked, is_rising, slices, values_of


def test_an_anomaly_differs_from_the_record_it_stands_for_in_the_fields_that_it_names() -> None:
    task = asked()
    test = [msgspec.json.decode(value) for value in values_of(task.test)]
    for one in task.injected:
        if one.is_inserted.any() or one.kind in ("delayed", "ahead"):
            continue
        made = [msgspec.json.decode(value) for value in values_of(one.anomalies)]
        for place, record, fields in zip(one.places, made, one.fields, strict=True):
            before = test[place]
            assert {n for n in record if record[n] != before[n]} == set(fields) != set()


def test_no_record_is_replaced_twice_and_places_rise() -> None:
    for one in asked().injected:
        assert is_rising(one.places)
        if not one.is_inserted.any():
            assert len(set(one.places.tolist())) == len(one.places)
        assert len(one.places) == len(one.anomalies) == len(one.fields) == len(one.is_inserted)


def test_repeats_come_behind_what_they_repeat_and_name_no_field() -> None:
    task = asked()
    originals = set(values_of(task.test))
    for one in task.injected:
        if one.kind == "exact_repeat":
            assert one.is_inserted.all()
            assert set(values_of(one.anomalies)) <= originals
            assert set(one.fields) == {()}
            # A record a minute: what comes again within 30 records is at most 30 minutes old.
            age = task.test.utc_ms[one.places] - one.anomalies.utc_ms
            assert age.min() >= 0
            assert age.max() <= 30 * STEP_MS


def test_a_near_repeat_has_the_time_of_its_new_neighbours() -> None:
    task = asked()
    (one, *_) = (one for one in task.injected if one.kind == "near_repeat")
    assert np.array_equal(one.anomalies.utc_ms, task.test.utc_ms[one.places])


@pytest.mark.parametrize(("kind", "direction"), [("delayed", -1), ("ahead", 1)])
def test_a_stray_time_lies_hours_to_weeks_away(kind: str, direction: int) -> None:
    task = asked()
    (one, *_) = (one for one in task.injected if one.kind == kind)
    hours = (one.anomalies.utc_ms - task.test.utc_ms[one.places]) * direction / 3_600_000
    assert hours.min() >= 5.9
    assert hours.max() <= 30 * 24
    assert set(one.fields) == {("at",)}


def test_a_kind_draws_the_same_whatever_the_other_kinds_are() -> None:
    train, _, test = slices()
    injecting = Injecting(CODEC, train, test, PREVALENCE)
    kinds = role_kinds(SENSORS, injecting.history)
    alone = injecting.trial({"unseen": kinds["unseen"]}, 1, 0, with_neighbours=False)
    (among,) = (one for one in injecting.trial(kinds, 1, 0) if one.kind == "unseen")
    assert values_of(alone[0].anomalies) == values_of(among.anomalies)
    (other,) = injecting.trial({"unseen": kinds["unseen"]}, 2, 0, with_neighbours=False)
    assert values_of(other.anomalies) != values_of(among.anomalies)


def test_there_are_enough_anomalies_for_a_figure_and_few_enough_for_a_stream() -> None:
    assert anomalies_wanted(20_000, 0.01) == 200
    assert anomalies_wanted(3000, 0.001) == 50
    assert anomalies_wanted(100, 0.01) == 10
    assert anomalies_wanted(3, 0.01) == 1


def test_a_kind_whose_records_the_source_refuses_is_left_out() -> None:
    train, _, test = slices()

    def timeless(record: Record, _rng: Rng, _pool: Pool) -> bool:
        record["at"] = None
        return True

    made = Injecting(CODEC, train, test, PREVALENCE).trial({"timeless": (timeless,)}, 1, 0)
    assert "timeless" not in [one.kind for one in made]
    assert all(len(one.anomalies) for one in made)
