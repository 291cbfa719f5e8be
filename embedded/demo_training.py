"""The training of a demo: a child process that fits while Kafka and MLflow are still starting."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from embedded.child import Child, child_environment
from embedded.demo_data import DemoData
from embedded.services import SETTINGS_FILE

STEP: Final = "step: "
"""What a line of the log begins with that says what is being done."""

_LIMIT_SECONDS: Final = 600.0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a training made.

    Attributes
    ----------
    model, version : str
        Name and version in the registry, now in production.
    history_records, fit_records : int
        What there was to learn from, and what the detector was fit on.
    realised_flag_rate : float
        The share of the held-out records that would have been flagged.
    seconds : dict of str to float
        How long the parts of the training took.
    """

    model: str
    version: str
    history_records: int
    fit_records: int
    realised_flag_rate: float
    seconds: dict[str, float]


class Training:
    """The training process as the demo sees it.

    Parameters
    ----------
    data : DemoData
        Whose history is learned from.
    seed : int
        Decides every random choice.
    folder : Path
        The demo's folder, which the settings file of the stack appears in.
    environ : Mapping[str, str]
        The environment of this process.
    log_path : Path
        Where its output is appended; the folder exists.
    """

    def __init__(
        self, data: DemoData, seed: int, folder: Path, environ: Mapping[str, str], log_path: Path
    ) -> None:
        self._result = data.history.with_name("training.json")
        no_proxy = ",".join(filter(None, (environ.get("NO_PROXY"), "127.0.0.1", "localhost")))
        self._child = Child(
            "the training",
            [
                *(sys.executable, "-P", "-m", "embedded.demo_trainer"),
                *(data.source_name, str(data.history), str(seed)),
                *(str(folder / SETTINGS_FILE), str(self._result)),
            ],
            environment=child_environment(
                environ,
                NO_PROXY=no_proxy,
                no_proxy=no_proxy,
                PYTHONUNBUFFERED="1",
                # What it leaves when it is ended early goes with the demo's folder.
                TMPDIR=str(data.history.parent),
            ),
            log_path=log_path,
        )

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Run it; it is ended with the block if it has not ended by itself."""
        self._child.start()
        try:
            yield
        finally:
            self._child.stop()

    def wait(self, while_waiting: Callable[[str], None]) -> Outcome:
        """Wait for the model to be in production.

        Parameters
        ----------
        while_waiting : callable
            Told many times a second what is being done; what it raises ends the wait.

        Raises
        ------
        StackError
            It failed, or took too long; names its log.
        """

        def is_done() -> bool:
            while_waiting(self._doing())
            return self._result.exists()

        self._child.wait_until(is_done, _LIMIT_SECONDS)
        return msgspec.json.decode(self._result.read_bytes(), type=Outcome)

    def _doing(self) -> str:
        steps = [line for line in self._child.log_lines() if line.startswith(STEP)]
        return steps[-1].removeprefix(STEP) if steps else "loading the training libraries"
