"""Measures agree with scikit-learn's, and with what is counted one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from streamscore.evaluation.measures import Ranking, alarm_threshold, measure
from tests.naive.measures import naive_auprc, naive_auroc, naive_recall_at

# Few different values, so that there are ties.
scores = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=40)
prevalences = st.floats(0.001, 0.5)


@given(scores, scores, prevalences)
def test_measures_agree_with_what_is_counted_one_by_one(
    clean: list[float], anomalous: list[float], prevalence: float
) -> None:
    found = measure(np.array(clean), np.array(anomalous), prevalence)
    assert found.auroc == pytest.approx(naive_auroc(clean, anomalous))
    assert found.auprc == pytest.approx(naive_auprc(clean, anomalous, prevalence))
    for recall, rate in ((found.recall_at_1_percent, 0.01), (found.recall_at_01_percent, 0.001)):
        assert recall == pytest.approx(naive_recall_at(clean, anomalous, rate))


@settings(max_examples=40)
@given(scores, scores, st.integers(0, 99), prevalences)
def test_weighed_measures_agree_with_scikit_learn(
    clean: list[float], anomalous: list[float], seed: int, prevalence: float
) -> None:
    rng = np.random.default_rng(seed)
    own, other = rng.uniform(0.1, 2, len(clean)), rng.uniform(0.1, 2, len(anomalous))
    found = Ranking(np.array(clean), np.array(anomalous)).measures(prevalence, own, other)
    labels = [0] * len(clean) + [1] * len(anomalous)
    weights = np.concatenate([own / own.sum() * (1 - prevalence), other / other.sum() * prevalence])
    every = [*clean, *anomalous]
    assert found.auroc == pytest.approx(roc_auc_score(labels, every, sample_weight=weights))
    assert found.auprc == pytest.approx(
        average_precision_score(labels, every, sample_weight=weights)
    )


def test_a_perfect_detector_has_the_best_of_every_measure() -> None:
    assert measure(np.arange(9.0), np.arange(10.0, 20.0), 0.01) == (1.0, 1.0, 1.0, 1.0)


def test_a_score_that_is_always_the_same_is_worth_what_chance_is() -> None:
    found = measure(np.zeros(50), np.zeros(7), 0.01)
    assert list(found) == pytest.approx([0.5, 0.01, 0.0, 0.0])


def test_how_many_anomalies_were_made_does_not_change_what_they_stand_for() -> None:
    rng = np.random.default_rng(0)
    clean, anomalous = rng.normal(size=500), rng.normal(1, size=40)
    once, thrice = (measure(clean, np.tile(anomalous, n), 0.01) for n in (1, 3))
    assert np.allclose(once, thrice)


@given(scores, st.floats(0.001, 0.5))
def test_no_more_than_the_rate_lies_above_the_threshold(clean: list[float], rate: float) -> None:
    threshold = alarm_threshold(np.array(clean), rate)
    assert sum(score > threshold for score in clean) <= rate * len(clean) + 1e-6
    assert threshold in clean
