"""A recipe of detectors in a comparison: scored as the stream would score it."""

from collections.abc import Sequence
from io import BytesIO
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from streamscore.bundle import Bundle, Trained, make_bundle
from streamscore.detectors.combination import Combination
from streamscore.detectors.detector import Matrix, Memory
from streamscore.detectors.reasons import Reason
from streamscore.detectors.recipes import Recipe, fit_recipe, recipe_named
from streamscore.evaluation.contender import Clock, Performance
from streamscore.evaluation.labelled_places import labelled_places
from streamscore.evaluation.measures import alarm_threshold
from streamscore.evaluation.task import Injected, Slice, Task
from streamscore.events import iso_utc
from streamscore.features import Encoder
from streamscore.scoring import Model

_BATCH = 1024
_TIMED_ROUNDS = 3
_ASKED_RATE = 0.01
_TOP = 20


class RecipeContender:
    """A recipe, fit and scored with the code that scores streams.

    Parameters
    ----------
    recipe : Recipe or str
        The recipe, or the name of one.

    Attributes
    ----------
    name : str
        The recipe's name.
    """

    def __init__(self, recipe: Recipe | str) -> None:
        self._recipe = recipe_named(recipe) if isinstance(recipe, str) else recipe
        self.name = self._recipe.name

    def compete(self, task: Task, seed: int, clock: Clock) -> Performance:
        """Learn, and score all that the task asks for."""
        encoder = Encoder.fit(task.codec, task.train.records, self._recipe.plan)
        train, later = _encoded(encoder, task.train), _encoded(encoder, task.calibrate)
        fitted = fit_recipe(self._recipe, train, later, encoder.columns, seed)
        return FittedRecipe(self.name, task, encoder, fitted, train, later, seed).perform(clock)


class _Scored(NamedTuple):
    """Encoded rows and their scores in every channel."""

    matrix: Matrix
    channels: NDArray[np.float64]


class FittedRecipe:
    """A fitted recipe before a task.

    Parameters
    ----------
    name : str
        The recipe's name.
    task : Task
        What is asked.
    encoder : Encoder
        Fit on the training slice.
    fitted : Combination
        Fit on the same.
    train : float64 array of shape (m, d)
        The training slice, encoded: memories begin with it, as they do in a training.
    later : float64 array of shape (n, d)
        The calibration slice, encoded.
    seed : int
        What the fit began with.
    """

    def __init__(
        self,
        name: str,
        task: Task,
        encoder: Encoder,
        fitted: Combination,
        train: Matrix,
        later: Matrix,
        seed: int,
    ) -> None:
        self._task, self._encoder, self._fitted = task, encoder, fitted
        memory = fitted.begin()
        if memory:
            fitted.fold(train, memory)
        self._later = fitted.fold(later, memory)
        self._memory = memory
        self._test = _encoded(encoder, task.test)
        self._clean = fitted.fold(self._test, _copied(memory))
        scores = fitted.score(self._later)
        self._bundle = make_bundle(task.codec, encoder, name, fitted, scores, _trained(task, seed))

    def perform(self, clock: Clock) -> Performance:
        """Score all that the task asks for."""
        found = [self._scored(one) for one in self._task.injected]
        clean = self._fitted.score(self._clean)
        scores = [self._fitted.score(one.channels) for one in found]
        threshold = alarm_threshold(clean, _ASKED_RATE)
        model = Model(self._task.codec, self._bundle, "", "")
        injected = zip(self._task.injected, found, scores, strict=True)
        return Performance(
            calibration=self._fitted.score(self._later),
            clean=clean,
            anomalies=scores,
            ranks=[_ranks(model, *each, threshold) for each in injected],
            labelled=self._labelled(),
            microseconds=self._microseconds(clock),
            size_bytes=_size_bytes(self._bundle),
            top=self._top(model, clean),
            channels=self._channels([one.channels for one in found]),
        )

    def _scored(self, injected: Injected) -> _Scored:
        """Score anomalies, at their places in the stream where a detector has a memory."""
        matrix = _encoded(self._encoder, injected.anomalies)
        if not self._memory:
            return _Scored(matrix, self._fitted.fold(matrix, {}))
        stream, places = in_stream(self._test, matrix, injected)
        channels = self._fitted.fold(stream, _copied(self._memory))
        return _Scored(matrix, channels[places])

    def _top(self, model: Model, clean: NDArray[np.float64]) -> list[tuple[int, list[Reason]]]:
        places = np.argsort(-clean, kind="stable")[:_TOP]
        records = [self._task.test.records[place] for place in places]
        reasons = model.attribute(records, self._test[places], self._clean[places])
        return list(zip(places.tolist(), reasons, strict=True))

    def _labelled(self) -> NDArray[np.float64] | None:
        if self._task.labelled is None:
            return None
        placed, order = labelled_places(self._task, self._task.labelled)
        scores = np.empty(len(order))
        scores[order] = self._fitted.score(self._scored(placed).channels)
        return scores

    def _channels(self, found: Sequence[NDArray[np.float64]]) -> dict[str, Performance]:
        names = [channel.name for channel in self._fitted.channels]
        if len(names) == 1:
            return {}
        return {
            name: Performance(
                calibration=self._later[:, i],
                clean=self._clean[:, i],
                anomalies=[channels[:, i] for channels in found],
            )
            for i, name in enumerate(names)
        }

    def _microseconds(self, clock: Clock) -> float:
        rounds = [self._seconds(clock) for _ in range(_TIMED_ROUNDS)]
        return 1e6 * min(rounds) / len(self._test)

    def _seconds(self, clock: Clock) -> float:
        memory = _copied(self._memory)
        started = clock()
        for start in range(0, len(self._test), _BATCH):
            rows = self._test[start : start + _BATCH]
            self._fitted.score(self._fitted.fold(rows, memory))
        return clock() - started


def in_stream(
    stream: Matrix, anomalies: Matrix, injected: Injected
) -> tuple[Matrix, NDArray[np.int64]]:
    """Put encoded anomalies into an encoded stream.

    Parameters
    ----------
    stream : float64 array of shape (n, d)
        The stream.
    anomalies : float64 array of shape (m, d)
        The anomalies.
    injected : Injected
        Where they belong, by ascending place.

    Returns
    -------
    tuple of float64 array and int64 array of shape (m,)
        The stream with them, and where in it they are.
    """
    inserted = injected.is_inserted
    # An insertion comes behind the record at its place and moves all later ones on by one.
    before: NDArray[np.int64] = np.cumsum(inserted) - inserted
    places = injected.places + before + inserted
    replaced = stream.copy()
    replaced[injected.places[~inserted]] = anomalies[~inserted]
    with_all = np.insert(replaced, injected.places[inserted] + 1, anomalies[inserted], axis=0)
    return with_all, places.astype(np.int64)


def _ranks(
    model: Model,
    injected: Injected,
    scored: _Scored,
    scores: NDArray[np.float64],
    threshold: float,
) -> NDArray[np.int64]:
    """Rank the fields that were changed among the reasons, for anomalies that raise an alarm."""
    ranks = np.full(len(scores), -1, np.int64)
    for i in np.flatnonzero(scores > threshold).tolist():
        if injected.fields[i]:
            records = injected.anomalies.records[i : i + 1]
            rows = slice(i, i + 1)
            (reasons,) = model.attribute(records, scored.matrix[rows], scored.channels[rows])
            ranks[i] = rank_of(reasons, injected.fields[i])
    return ranks


def rank_of(reasons: Sequence[Reason], fields: Sequence[str]) -> int:
    """Return the rank of the first reason that names one of the fields, from 1; 0 where none does.

    Examples
    --------
    >>> rank_of([Reason(("a",), 0.7), Reason(("b", "c"), 0.3)], ["c"])
    2
    """
    wanted = set(fields)
    ranked = (rank for rank, one in enumerate(reasons, 1) if wanted & set(one.fields))
    return next(ranked, 0)


def _encoded(encoder: Encoder, rows: Slice) -> Matrix:
    return encoder.encode(rows.records, rows.utc_ms, rows.local_ms)


def _copied(memory: Memory) -> Memory:
    return {name: array.copy() for name, array in memory.items()}


def _trained(task: Task, seed: int) -> Trained:
    return Trained(
        first_event_time=iso_utc(int(task.train.utc_ms[0])),
        last_event_time=iso_utc(int(task.train.utc_ms[-1])),
        fit_rows=len(task.train),
        calibration_rows=len(task.calibrate),
        seed=seed,
    )


def _size_bytes(bundle: Bundle) -> int:
    packed = BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **bundle.arrays)
    return len(packed.getvalue()) + len(msgspec.json.encode(bundle.manifest))
