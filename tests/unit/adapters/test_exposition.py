"""What Prometheus reads is what was counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from adapters.exposition import Exposition
from streamscore.metrics import METRICS

SCORE = "streamscore_score"


def samples(exposition: Exposition) -> dict[str, float]:
    text, content_type = exposition.render()
    assert content_type.startswith("text/plain")
    return {
        "".join(
            [one.name, *(f" {name}={value}" for name, value in sorted(one.labels.items()))]
        ): one.value
        for family in text_string_to_metric_families(text.decode())
        for one in family.samples
    }


def test_counters_add_up_and_gauges_take_the_last_value() -> None:
    exposition = Exposition()
    for amount in (1, 2):
        exposition.counter("streamscore_records_total", source="a").inc(amount)
        exposition.gauge("streamscore_lag_records", source="a", partition=3).set(amount)
    found = samples(exposition)
    assert found["streamscore_records_total source=a"] == 3
    assert found["streamscore_lag_records partition=3 source=a"] == 2


@given(st.lists(st.floats(0, 2), max_size=50))
def test_a_batch_is_counted_as_its_values_one_by_one(values: list[float]) -> None:
    at_once, singly = Exposition(), Exposition()
    at_once.histogram(SCORE, source="a").observe_many(np.array(values, dtype=np.float64))
    for value in values:
        singly.histogram(SCORE, source="a").observe(value)
    singly.histogram(SCORE, source="a")
    of_batch = {name: count for name, count in samples(at_once).items() if SCORE in name}
    of_singles = {name: count for name, count in samples(singly).items() if SCORE in name}
    assert of_batch == pytest.approx(of_singles)
    bounds = next(metric.buckets for metric in METRICS if metric.name == SCORE)
    for bound in bounds:
        below = sum(value <= bound for value in values)
        assert of_batch[f"{SCORE}_bucket le={float(bound)} source=a"] == below
    assert of_batch[f"{SCORE}_count source=a"] == len(values)


def test_a_metric_is_bound_once_for_its_labels() -> None:
    exposition = Exposition()
    first = exposition.counter("streamscore_swaps_total", source="a")
    assert exposition.counter("streamscore_swaps_total", source="a") is first
    assert exposition.counter("streamscore_swaps_total", source="b") is not first


def test_what_is_forgotten_is_exposed_no_more() -> None:
    exposition = Exposition()
    name = "streamscore_lag_records"
    exposition.gauge(name, source="a", partition=0).set(5)
    exposition.gauge(name, source="a", partition=1).set(6)
    exposition.forget(name, source="a", partition=0)
    exposition.forget(name, source="a", partition=9)
    assert {key for key in samples(exposition) if name in key} == {f"{name} partition=1 source=a"}


def test_a_run_has_series_of_its_own_that_vanish_with_it() -> None:
    exposition = Exposition()
    june = exposition.of_run("june")
    for metrics, amount in ((exposition, 1), (june, 2)):
        metrics.counter("streamscore_records_total", source="a").inc(amount)
        metrics.histogram(SCORE, source="a").observe(0.5)
    june.histogram("streamscore_batch_records", processor="scoring.a.june").observe(1)
    june.gauge("streamscore_lag_records", source="a", partition=0).set(1)
    june.forget("streamscore_lag_records", source="a", partition=0)
    found = samples(exposition)
    assert found["streamscore_records_total source=a"] == 1
    assert found["streamscore_records_total run=june source=a"] == 2
    before = {name for name in found if "june" not in name}
    assert "streamscore_batch_records_count processor=scoring.a.june" in found
    june.withdraw()
    left = samples(exposition)
    assert {name for name in left if name.startswith("streamscore_")} == {
        name for name in before if name.startswith("streamscore_")
    }


def test_a_reason_outside_the_fixed_list_is_refused() -> None:
    with pytest.raises(ValueError, match="must be one of"):
        Exposition().counter("streamscore_deadletters_total", source="a", reason="my data")


def test_what_is_not_declared_is_refused() -> None:
    exposition = Exposition()
    with pytest.raises(ValueError, match=r"must be declared in streamscore\.metrics"):
        exposition.counter("streamscore_typo_total", source="a")
    with pytest.raises(ValueError, match=r"must be declared in streamscore\.metrics"):
        exposition.gauge("streamscore_records_total", source="a")
    with pytest.raises(ValueError, match="must have the labels"):
        exposition.counter("streamscore_records_total", topic="a")
    with pytest.raises(ValueError, match="a counter grows"):
        exposition.counter("streamscore_records_total", source="a").inc(-1)


def test_every_declared_metric_is_exposed_with_its_meaning() -> None:
    text = Exposition().render()[0].decode()
    for metric in METRICS:
        assert f"# HELP {metric.name} {metric.meaning}" in text
        assert f"# TYPE {metric.name} {metric.kind}" in text
    assert "process_" in text
