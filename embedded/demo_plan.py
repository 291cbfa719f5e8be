"""What a demo is asked to show."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from streamscore.errors import UsageError

HISTORY_ROWS: Final = 10_000
"""Generated history at least: 7,000 fit, 3,000 make the calibration window."""

MOST_HISTORY_ROWS: Final = 50_000
"""What of a long file is learned from, the latest: more would only be waited for."""

HISTORY_SHARE: Final = 0.7
"""The part of a file that is history; the rest is replayed."""


class DemoPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to show.

    Attributes
    ----------
    source : str
        Name of a source, or path of its TOML file.
    data : Path or None
        A file of records; they are generated unless one is given.
    rows : int
        Most records that are replayed, at least 1.
    inject : float
        The share of them, 0 to 1, that an anomaly is put into.
    seed : int
        Seed of everything random, at least 0.
    rate : float
        Records a second, above 0.
    dialect : str or None
        How the file is written; None recognises it.
    keep : Path or None
        A new folder that data and logs stay in; they are removed unless one is given.
    """

    source: str = "accidents"
    data: Path | None = None
    rows: int = 3_000
    inject: float = 0.02
    seed: int = 7
    rate: float = 200.0
    dialect: str | None = None
    keep: Path | None = None

    def check(self) -> None:
        """Check the values.

        Raises
        ------
        UsageError
            When one is out of its range, or the folder to keep holds something.
        """
        if self.rows < 1:
            raise UsageError(f"--rows must be at least 1; received {self.rows}")
        if not 0 <= self.inject <= 1:
            raise UsageError(f"--inject is a share from 0 to 1; received {self.inject:g}")
        if self.seed < 0:
            raise UsageError(f"--seed must be at least 0; received {self.seed}")
        if not self.rate > 0:
            raise UsageError(f"--rate must be above 0; received {self.rate:g}")
        if self.data is not None and not self.data.is_file():
            raise UsageError(f"--data names a file of records; {self.data} is none")
        if self.keep is not None and not _is_new(self.keep):
            raise UsageError(
                f"--keep names a new or empty folder; {self.keep} is not. To go on with the stack "
                f"of an earlier demo, run `streamscore up --data-dir {self.keep}`"
            )

    @property
    def history_rows(self) -> int:
        """How many records of history are generated."""
        share = HISTORY_SHARE / (1 - HISTORY_SHARE)
        return min(max(HISTORY_ROWS, round(self.rows * share)), MOST_HISTORY_ROWS)


def _is_new(folder: Path) -> bool:
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
