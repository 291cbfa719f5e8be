"""Bootstrap intervals: how far a measure would move with other records of the same kind."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamscore.evaluation.measures import Measures, Ranking

Scores = Mapping[str, NDArray[np.float64]]
"""Kind of anomaly -> scores of the anomalies of that kind."""


class Interval(NamedTuple):
    """The range in which 95% of the bootstrap's figures lie."""

    low: float
    high: float


class Trial(NamedTuple):
    """What a detector gave in one trial.

    Attributes
    ----------
    clean : float64 array of shape (n,)
        Scores of the clean records, in the order of time; the same records in every trial.
    anomalies : dict of str to array
        Kind -> scores of the anomalies of that kind.
    """

    clean: NDArray[np.float64]
    anomalies: Scores


def mean_measures(trials: Sequence[Trial], prevalence: float) -> Measures:
    """Measure all kinds together, each weighing alike, as the mean over the trials.

    Parameters
    ----------
    trials : sequence of Trial
        At least one.
    prevalence : float
        The share that the anomalies stand for, in (0, 1).
    """
    found = []
    for trial in trials:
        weights = np.concatenate(_kind_weights(trial.anomalies))
        ranking = Ranking(trial.clean, np.concatenate(list(trial.anomalies.values())))
        found.append(ranking.measures(prevalence, None, weights))
    return _mean(found)


def measures_by_kind(trials: Sequence[Trial], prevalence: float) -> dict[str, Measures]:
    """Measure each kind against the clean records, as the mean over the trials that have it."""
    kinds = dict.fromkeys(kind for trial in trials for kind in trial.anomalies)
    return {
        kind: _mean(
            [
                Ranking(trial.clean, trial.anomalies[kind]).measures(prevalence)
                for trial in trials
                if kind in trial.anomalies
            ]
        )
        for kind in kinds
    }


def bootstrap(
    trials: Sequence[Trial], prevalence: float, rng: np.random.Generator, replicates: int = 200
) -> dict[str, Interval]:
    """Return a 95% interval for each measure of all kinds together.

    Percentile bootstrap (Efron, "Bootstrap methods: another look at the jackknife", 1979), by
    strata: clean records are drawn once a replicate and are the same in all trials, for they are
    the same records; anomalies are drawn within each kind of each trial.

    Parameters
    ----------
    trials : sequence of Trial
        At least one, with equally many clean records.
    prevalence : float
        As for `mean_measures`.
    rng : numpy.random.Generator
        The source of chance.
    replicates : int
        How often is drawn, at least 1.
    """
    rankings = [
        Ranking(trial.clean, np.concatenate(list(trial.anomalies.values()))) for trial in trials
    ]
    weights = [_kind_weights(trial.anomalies) for trial in trials]
    rows = []
    for _ in range(replicates):
        clean = _resampled(len(trials[0].clean), rng)
        rows.append(
            _mean(
                [
                    ranking.measures(prevalence, clean, _resampled_kinds(kinds, rng))
                    for ranking, kinds in zip(rankings, weights, strict=True)
                ]
            )
        )
    low, high = np.quantile(np.array(rows), [0.025, 0.975], axis=0).tolist()
    return {
        name: Interval(*ends)
        for name, ends in zip(Measures._fields, zip(low, high, strict=True), strict=True)
    }


def bootstrap_kinds(
    trials: Sequence[Trial], prevalence: float, rng: np.random.Generator, replicates: int = 200
) -> dict[str, dict[str, Interval]]:
    """Return a 95% interval for each measure of each kind, as `bootstrap` does for all together.

    Examples
    --------
    >>> trial = Trial(np.arange(100.0), {"far": np.full(9, 200.0), "near": np.arange(90.0, 99.0)})
    >>> found = bootstrap_kinds([trial], 0.01, np.random.default_rng(0))
    >>> found["far"]["auroc"], found["near"]["auroc"].low < 0.94 < found["near"]["auroc"].high
    (Interval(low=1.0, high=1.0), True)
    """
    kinds = dict.fromkeys(kind for trial in trials for kind in trial.anomalies)
    own = {
        kind: [
            Trial(trial.clean, {kind: trial.anomalies[kind]})
            for trial in trials
            if kind in trial.anomalies
        ]
        for kind in kinds
    }
    return {kind: bootstrap(found, prevalence, rng, replicates) for kind, found in own.items()}


def _kind_weights(anomalies: Scores) -> list[NDArray[np.float64]]:
    return [np.full(len(scores), 1.0 / len(scores)) for scores in anomalies.values()]


def _resampled_kinds(
    kinds: Sequence[NDArray[np.float64]], rng: np.random.Generator
) -> NDArray[np.float64]:
    return np.concatenate([weights * _resampled(len(weights), rng) for weights in kinds])


def _resampled(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return how often each of so many records is drawn."""
    return np.bincount(rng.integers(count, size=count), minlength=count).astype(np.float64)


def _mean(found: Sequence[Measures]) -> Measures:
    return Measures(*np.mean(np.array(found), axis=0).tolist())
