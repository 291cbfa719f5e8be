"""Where records that people judged belong in the test stream."""

import numpy as np
from numpy.typing import NDArray

from streamscore.evaluation.task import Injected, Labelled, Slice, Task


def labelled_places(task: Task, labelled: Labelled) -> tuple[Injected, NDArray[np.int64]]:
    """Place judged records in the test slice, so that they are scored among their neighbours.

    Alone they would follow each other at gaps that the stream does not have, and nothing would
    repeat what came before.

    Parameters
    ----------
    task : Task
        Whose test slice is meant.
    labelled : Labelled
        The n judged records.

    Returns
    -------
    tuple of Injected and int64 array of shape (n,)
        The records by ascending place, and which of the judged ones each is. One that the slice
        holds stands for itself; another comes behind the latest record that is no later.
    """
    encode, test, judged = task.codec.encode, task.test, labelled.judged
    held: dict[bytes, int] = {}
    for place, record in enumerate(test.records):
        held.setdefault(encode(record), place)
    known = [held.get(encode(record), -1) for record in judged.records]
    is_inserted = np.array(known, np.int64) < 0
    behind = np.searchsorted(test.utc_ms, judged.utc_ms, side="right") - 1
    places = np.where(is_inserted, behind, known).astype(np.int64)
    order: NDArray[np.int64] = np.lexsort((is_inserted, places)).astype(np.int64)
    placed = Injected(
        kind="labelled",
        trial=0,
        anomalies=Slice(
            [judged.records[i] for i in order], judged.utc_ms[order], judged.local_ms[order]
        ),
        places=places[order],
        is_inserted=is_inserted[order],
        fields=[()] * len(order),
    )
    return placed, order
