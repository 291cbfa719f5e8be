"""A compared detector in a process of its own: whatever becomes of it, the comparison goes on."""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streamscore.errors import DetectorError, UsageError
from streamscore.features import Column
from trainer.compared.child import Outcome, Request
from trainer.compared.names import Compared, compared_named

CHILD = ("-m", "trainer.compared.child")

TIMEOUT_SECONDS = 600.0
MEMORY_BYTES = 4 << 30

_TOLD_LINES = 5


class Scored(Struct, frozen=True, kw_only=True):
    """What a compared detector made of the records.

    Attributes
    ----------
    scores : float64 array of shape (m,)
        Finite, higher is more anomalous.
    fit_rows, width : int
        Records it was fit on, a sample where more would cost too much, and their prepared columns.
    fit_seconds, microseconds_a_record : float
        How long learning took, and scoring, each with the preparation of the matrix, on one thread.
    size_bytes : int
        What was learned, written down; 0 where it cannot be.
    """

    scores: NDArray[np.float64]
    fit_rows: int
    width: int
    fit_seconds: float
    microseconds_a_record: float
    size_bytes: int


def check_installed(compared: Compared) -> None:
    """Check that what a detector needs is installed.

    Raises
    ------
    UsageError
        When it needs an extra that is not.
    """
    if compared.extra and find_spec(compared.extra) is None:
        raise UsageError(
            f"{compared.name} needs {compared.extra}, which is not installed. Install streamscore"
            f"[{compared.extra}], or in a checkout run `bin/uv sync --extra {compared.extra}`"
        )


def fit_and_score(
    name: str,
    train: NDArray[np.float64],
    test: NDArray[np.float64],
    columns: Sequence[Column] | None = None,
    *,
    seed: int = 0,
    timeout_seconds: float = TIMEOUT_SECONDS,
    memory_bytes: int = MEMORY_BYTES,
    child: Sequence[str] = CHILD,
) -> Scored:
    """Fit a compared detector and score with it, in a process of its own.

    Parameters
    ----------
    name : str
        The detector.
    train, test : float64 arrays of shape (n, d) and (m, d)
        What is learned from and what is scored, in order of time; NaN is missing.
    columns : sequence of Column, optional
        What the columns are, as an encoder made them; those not in `preparation.PLAN` are left
        out. Without, all are numbers.
    seed : int
        Decides every random choice.
    timeout_seconds : float
        How long it may take, > 0.
    memory_bytes : int
        How much memory it may take for data, as far as the system watches that.
    child : sequence of str
        Arguments of the interpreter that start the process.

    Raises
    ------
    UsageError
        When there is no such detector, or an extra is not installed.
    DetectorError
        When it fails, takes too long or too much memory, or gives no number.
    """
    check_installed(compared_named(name))
    request = Request(
        name=name,
        seed=seed,
        timeout_seconds=timeout_seconds,
        memory_bytes=memory_bytes,
        columns=columns,
    )
    with tempfile.TemporaryDirectory() as folder:
        outcome, scores = _run(request, train, test, Path(folder), child)
    if outcome.failure:
        raise DetectorError(_explained(request, len(train), outcome.failure))
    return Scored(
        scores=scores,
        fit_rows=outcome.fit_rows,
        width=outcome.width,
        fit_seconds=outcome.fit_seconds,
        microseconds_a_record=outcome.score_seconds / max(1, len(test)) * 1e6,
        size_bytes=outcome.size_bytes,
    )


def _run(
    request: Request,
    train: NDArray[np.float64],
    test: NDArray[np.float64],
    folder: Path,
    child: Sequence[str],
) -> tuple[Outcome, NDArray[np.float64]]:
    np.save(folder / "train.npy", train)
    np.save(folder / "test.npy", test)
    (folder / "request.json").write_bytes(msgspec.json.encode(request))
    said = folder / "said.txt"
    with said.open("wb") as output:
        try:
            # A library's warnings and words are not the user's.
            ended = subprocess.run(
                [sys.executable, "-W", "ignore", *child, str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=output,
                timeout=request.timeout_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Outcome(failure="timeout"), np.empty(0)
    written = folder / "outcome.json"
    if ended.returncode or not written.exists():
        return Outcome(failure=_ending(ended.returncode, said)), np.empty(0)
    return msgspec.json.decode(written.read_bytes(), type=Outcome), np.load(folder / "scores.npy")


def _ending(code: int, said: Path) -> str:
    """Say how a process ended that left nothing behind."""
    if code == -signal.SIGXCPU:
        return "timeout"
    if code == -signal.SIGKILL:
        return "its process was killed, mostly a sign that the machine ran out of memory"
    how = f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
    lines = said.read_text("utf-8", "replace").strip().splitlines()[-_TOLD_LINES:]
    if "MemoryError" in "".join(lines[-1:]):
        return "memory"
    return f"its process ended with {how}" + "".join(f"\n  | {line}" for line in lines)


def _explained(request: Request, rows: int, failure: str) -> str:
    """Say what the rule was, what happened, and what to do."""
    name, less = request.name, "or give less history (--from, trainer.history_records)"
    if failure == "timeout":
        return (
            f"a compared detector must be done within {request.timeout_seconds:g} s "
            f"(trainer.compared_timeout_seconds); {name} on {rows:,} records was not. Give "
            f"it more time, {less}"
        )
    if failure == "memory":
        return (
            f"a compared detector must do with {request.memory_bytes >> 20:,} MiB of memory "
            f"(trainer.compared_memory_bytes); "
            f"{name} on {rows:,} records did not. Give it more, {less}"
        )
    return (
        f"a compared detector must score every record; {name} on {rows:,} records did not: "
        f"{failure}. It comes from a library as it is: compare others"
    )
