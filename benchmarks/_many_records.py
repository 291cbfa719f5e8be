"""Very many accident records in a CSV that is not in order, written fast."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from streamscore.synthetic import generate

_SEED = 42
_BASES = 5_000
_FIRST_DAY = datetime(2014, 1, 1)  # noqa: DTZ001  # local wall time
_DAYS = 3_650
_MINUTES = 1_440
_CHUNK_ROWS = 50_000


def write_unsorted(path: Path, count: int) -> None:
    """Write accident records at random times of ten years.

    All columns but those of time repeat 5,000 generated records; the hour, weekday and month agree
    with the date, so every record is a good one.

    Parameters
    ----------
    path : Path
        The CSV.
    count : int
        How many records.
    """
    rng = np.random.default_rng(_SEED)
    bases = list(generate("accidents", _BASES, rng))
    middles = [_line(list(base.values())[1:-3]) for base in bases]
    days = [_FIRST_DAY + timedelta(days=day) for day in range(_DAYS)]
    dates = [(f"{day:%m/%d/%Y}", f"{day.isoweekday() % 7 + 1},{day.month}") for day in days]
    clocks = [f"{_FIRST_DAY + timedelta(minutes=minute):%I:%M:%S %p}" for minute in range(_MINUTES)]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(_line(list(bases[0])) + "\n")
        for rows in _chunks(count):
            drawn = rng.integers(0, [_DAYS, _MINUTES, len(middles)], (rows, 3)).tolist()
            for day, minute, base in drawn:
                date, end = dates[day]
                file.write(f"{date} {clocks[minute]},{middles[base]},{minute // 60},{end}\n")


def _chunks(count: int) -> Iterator[int]:
    for start in range(0, count, _CHUNK_ROWS):
        yield min(_CHUNK_ROWS, count - start)


def _line(values: list[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue()
