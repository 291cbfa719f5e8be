"""The list of metrics keeps Prometheus's conventions and bounds every label."""

import re
from itertools import pairwise

import pytest

from streamscore.metrics import LABELS, METRICS, Metric


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_is_named_by_convention(metric: Metric) -> None:
    assert re.fullmatch(r"streamscore_[a-z_]+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert ("seconds" in metric.name) == (metric.unit == "seconds")
    assert metric.meaning.endswith(".")


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_buckets_belong_to_histograms_and_reasons_to_their_label(metric: Metric) -> None:
    assert bool(metric.buckets) == (metric.kind == "histogram")
    assert all(low < high for low, high in pairwise(metric.buckets))
    assert bool(metric.reasons) == ("reason" in metric.labels)


def test_names_are_unique_and_every_label_is_declared_and_used() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    assert {label for metric in METRICS for label in metric.labels} == set(LABELS)
