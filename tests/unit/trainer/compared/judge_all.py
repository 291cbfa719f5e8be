"""Fits every compared detector that needs no extra; prints what came of each as JSON.

It is run as a process of its own, for PyOD warns, prints, and compiles at its import.
"""

import contextlib
import io
import json
import sys

import numpy as np

from tests.plain_rows import OUTLIER, plain_rows
from trainer.compared.child import Request, judged
from trainer.compared.names import COMPARED

# Half-space trees give no score before a window of 250 is full; the others need fewer rows.
ONLINE_ROWS, ROWS = 300, 120
TEST = plain_rows(5, 1)
TEST[2] = OUTLIER


def result_of(name: str) -> dict[str, object]:
    request = Request(name=name, seed=3, timeout_seconds=1, memory_bytes=1)
    rows = ONLINE_ROWS if COMPARED[name].way == "online" else ROWS
    outcome, scores = judged(request, plain_rows(rows, 0), TEST.copy())
    return {
        "failure": outcome.failure,
        "finite": bool(np.isfinite(scores).all()) and scores.shape == (len(TEST),),
        "above_the_median": bool(len(scores) and scores[2] > np.median(scores)),
        "size_bytes": outcome.size_bytes,
        "fit_rows": outcome.fit_rows,
    }


if __name__ == "__main__":
    with contextlib.redirect_stdout(io.StringIO()):
        results = {name: result_of(name) for name, one in COMPARED.items() if not one.extra}
    json.dump(results, sys.stdout)
