"""Encoded records in two dimensions, so that a person sees where anomalies lie among the others."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamscore.evaluation.task import Slice, Task
from streamscore.features import ColumnPlan, Encoder
from trainer.usual_forest import plain_matrix

_MOST_CLEAN = 600
_MOST_OF_A_KIND = 20
_DIMENSIONS_BEFORE = 30
_FEWEST = 10
_PLAN = ColumnPlan(text_dimensions=64)


class Projection(NamedTuple):
    """Records as points.

    Attributes
    ----------
    points : float64 array of shape (n, 2)
        Where they lie; only nearness has a meaning.
    kinds : array of str, of shape (n,)
        The kind of each anomaly; empty where the record is clean.
    """

    points: NDArray[np.float64]
    kinds: NDArray[np.str_]


def project(task: Task, seed: int) -> Projection | None:
    """Project clean records and anomalies of the first trial; None where they are few or all alike.

    t-SNE (van der Maaten, Hinton, "Visualizing data using t-SNE", 2008) of the first 30 principal
    components of the one-hot encoded, standardised fields.

    Parameters
    ----------
    task : Task
        Whose records are projected: at most 600 clean ones and 20 of each kind.
    seed : int
        Decides every random choice.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    encoder = Encoder.fit(task.codec, task.train.records, _PLAN)

    def encoded(rows: Slice) -> NDArray[np.float32]:
        matrix = encoder.encode(rows.records, rows.utc_ms, rows.local_ms)
        return plain_matrix(matrix, encoder.columns, "one-hot")

    rng = np.random.default_rng(seed)
    count = min(_MOST_CLEAN, len(task.test))
    test = encoded(task.test)[np.sort(rng.choice(len(task.test), count, replace=False))]
    first = [one for one in task.injected if one.trial == 0]
    anomalies = [encoded(one.anomalies)[:_MOST_OF_A_KIND] for one in first]
    rows = np.concatenate([test, *anomalies]).astype(np.float64)
    spread = rows.std(axis=0)
    if len(rows) < _FEWEST or not np.any(spread > 0):
        return None
    kinds = [""] * count + [
        one.kind for one, own in zip(first, anomalies, strict=True) for _ in own
    ]
    rows = (rows[:, spread > 0] - rows[:, spread > 0].mean(axis=0)) / spread[spread > 0]
    # A single far value must not decide the picture.
    rows = np.clip(rows, -5.0, 5.0)
    dimensions = min(_DIMENSIONS_BEFORE, *rows.shape)
    reduced = PCA(dimensions, random_state=seed).fit_transform(rows)
    perplexity = min(30.0, (len(rows) - 1) / 3)
    tsne = TSNE(perplexity=perplexity, init="random", random_state=seed)
    return Projection(tsne.fit_transform(reduced).astype(np.float64), np.array(kinds))
