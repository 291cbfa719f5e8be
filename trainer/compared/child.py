"""The process of one detector: ``python -m trainer.compared.child FOLDER``.

The folder holds `request.json`, `train.npy` and `test.npy`; `outcome.json` and `scores.npy` are put
there. Only plain numbers go over. Importing this module loads no library of detectors.
"""

from __future__ import annotations

import pickle
import random
import resource
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from math import ceil
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streamscore.features import Column
from trainer.compared.half_space_trees import HalfSpaceTrees
from trainer.compared.names import TORCH, Compared, compared_named
from trainer.compared.preparation import Preparation
from trainer.compared.pyod_detectors import Alone, Beside
from trainer.compared.ranks import Ranks

_LARGEST_SCORE = 1e30
"""An infinite score becomes this: a density may fall to nothing."""

_FIRST_ROWS = 64


class Request(Struct, frozen=True, kw_only=True):
    """What is asked of the process.

    Attributes
    ----------
    name : str
        The detector.
    seed : int
        Decides every random choice.
    timeout_seconds : float
        The most processor time; whoever started the process watches the clock.
    memory_bytes : int
        The most memory for data.
    columns : sequence of Column or None
        What the columns are; None takes all for numbers.
    """

    name: str
    seed: int
    timeout_seconds: float
    memory_bytes: int
    columns: Sequence[Column] | None = None


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of it.

    Attributes
    ----------
    failure : str
        Why there are no scores; empty where there are.
    fit_rows, width : int
        Records it was fit on, and columns they had after the preparation.
    fit_seconds, score_seconds : float
        How long learning and scoring took, with the preparation, and without compilation.
    size_bytes : int
        What was learned, written down; 0 where it cannot be.
    """

    failure: str = ""
    fit_rows: int = 0
    width: int = 0
    fit_seconds: float = 0.0
    score_seconds: float = 0.0
    size_bytes: int = 0


class Judge(Protocol):
    """Learns records, and scores others."""

    def fit(self, train: NDArray[np.float64]) -> None:
        """Learn."""
        ...

    def score(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score."""
        ...


def judge_of(compared: Compared, seed: int) -> Judge:
    """Return what learns and scores, not yet fitted."""
    if compared.way == "online":
        return HalfSpaceTrees(seed)
    if compared.way == "ranks":
        return Ranks("copod" if compared.name == "pyod-copod" else "ecod")
    return Beside(compared, seed) if compared.way == "beside" else Alone(compared, seed)


def judged(
    request: Request, train: NDArray[np.float64], test: NDArray[np.float64]
) -> tuple[Outcome, NDArray[np.float64]]:
    """Fit the detector and score with it.

    Parameters
    ----------
    request : Request
        What is asked; its limits are not looked at here.
    train, test : float64 arrays of shape (n, d) and (m, d)
        What is learned from and what is scored.

    Returns
    -------
    Outcome, float64 array of shape (m,)
        What it cost, and finite scores, higher is more anomalous; none where it failed.
    """
    compared, nothing = compared_named(request.name), np.empty(0)
    preparation = Preparation.fit(train, request.columns)
    if preparation.width == 0:
        return Outcome(failure="no column varies in the records to learn from"), nothing
    if compared.way in ("alone", "beside"):
        _compile(compared, preparation.apply(train[:_FIRST_ROWS]))
    _seed_everything(compared, request.seed)
    started = time.perf_counter()
    learned = preparation.apply(_sampled(train, compared.most_rows, request.seed))
    judge = judge_of(compared, request.seed)
    judge.fit(learned)
    fitted = time.perf_counter()
    scores = np.asarray(judge.score(preparation.apply(test)), np.float64)
    done = time.perf_counter()
    if without := int(np.isnan(scores).sum()):
        return Outcome(failure=f"{without} of {len(scores)} scores are no number"), nothing
    outcome = Outcome(
        fit_rows=len(learned),
        width=preparation.width,
        fit_seconds=fitted - started,
        score_seconds=done - fitted,
        size_bytes=written_bytes(judge),
    )
    return outcome, np.clip(scores, -_LARGEST_SCORE, _LARGEST_SCORE)


def written_bytes(learned: object) -> int:
    """Return how long what was learned is, written down; 0 where a library's own parts cannot be.

    Examples
    --------
    >>> written_bytes(len) > 0, written_bytes(lambda rows: rows)
    (True, 0)
    """
    try:
        return len(pickle.dumps(learned))
    except (pickle.PicklingError, AttributeError, TypeError):
        return 0


def main(folder: Path) -> None:
    """Do what the folder asks for, and leave there what came of it."""
    request = msgspec.json.decode((folder / "request.json").read_bytes(), type=Request)
    resource.setrlimit(resource.RLIMIT_DATA, (request.memory_bytes, request.memory_bytes))
    # Should the parent die, the time still ends.
    seconds = ceil(request.timeout_seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    scores = np.empty(0)
    try:
        train, test = (np.load(folder / f"{name}.npy") for name in ("train", "test"))
        outcome, scores = _on_one_thread(request, train, test)
    except MemoryError:
        outcome = Outcome(failure="memory")
    except Exception as error:  # noqa: BLE001  # whatever a library raises is its answer
        outcome = Outcome(failure=f"{type(error).__name__}: {error}")
    np.save(folder / "scores.npy", scores)
    (folder / "outcome.json").write_bytes(msgspec.json.encode(outcome))


def _on_one_thread(
    request: Request, train: NDArray[np.float64], test: NDArray[np.float64]
) -> tuple[Outcome, NDArray[np.float64]]:
    import numba
    from threadpoolctl import threadpool_limits

    numba.set_num_threads(1)
    with threadpool_limits(1):
        return judged(request, train, test)


def _compile(compared: Compared, rows: NDArray[np.float64]) -> None:
    """Let a library import and compile what it will run, which takes seconds and is no cost."""
    judge = judge_of(compared, 0)
    # What fails on a few rows may do on all; what fails on all will say so.
    with suppress(Exception):
        judge.fit(rows)
        judge.score(rows[:1])


def _sampled(train: NDArray[np.float64], most: int, seed: int) -> NDArray[np.float64]:
    """Return at most so many rows, drawn by the seed, in their order."""
    if not most or len(train) <= most:
        return train
    drawn = np.random.default_rng(seed).choice(len(train), most, replace=False)
    return train[np.sort(drawn)]


def _seed_everything(compared: Compared, seed: int) -> None:
    """Seed the generators of the process, for what takes no seed of its own."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    if compared.extra == TORCH:
        torch: Any = import_module("torch")
        torch.manual_seed(seed)
        torch.set_num_threads(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
