"""Repeats: a record that arrived before, equal or nearly so in all but its time and identity.

The latest records of a partition are remembered. How odd it is that one returns depends on how
common it is: a record that every hundredth one looks like is bound to. So the score is

    -ln(expected number of remembered records that have so much in common with it by chance)

at least 0: -ln p of what the two have in common, less the logarithm of how many records ago the
earlier one arrived, less that of the number of ways to choose the columns that differ.
"""

from collections.abc import Mapping, Sequence
from math import comb
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.detector import Channel, Matrix, Memory
from streamscore.detectors.reasons import Reason, Terms, Wording
from streamscore.detectors.repeat_kernels import fold, record_bytes, weigh
from streamscore.detectors.repeat_learning import MOST_COLUMNS, learn
from streamscore.errors import BundleError
from streamscore.features import Column, ColumnPlan
from streamscore.features.columns import planned

_MOST_RECORDS = 2048
_FEWEST_RECORDS = 256
_MOST_BYTES = 49_152
_MOST_DIFFERING = 3
_MOST_PLACES = 1_000_000
_MOST_NAMED = 3
_COLUMNS_FOR_ONE = 6
"""One column in so many may differ, up to three."""

_LEARNED = (
    "places", "is_hashed", "unseen", "parent", "marginal", "joint", "starts", "widths", "bands"
)  # fmt: skip


class Repeats:
    """Remembers the latest records of a partition, and looks each new one up among them.

    Parameters
    ----------
    learned : mapping of str to array
        `places`, int64 of shape (d,): the columns that are compared, a byte each; at most 64.
        `is_hashed`, uint8, and `unseen`, float64, of shape (d,): whether a byte is a hash, and the
        code of unseen values, -1 for none. `parent`, int64 of shape (d,): the earlier column that a
        column depends on, -1 for none. `marginal`, float32 of shape (d, 256): -ln p of each byte.
        `joint`, `starts`, `widths`: -ln p of each byte given the parent's, as
        `repeat_learning.learn` lays them out. `bands`, int64: where the bands of columns begin, and
        the end of the last.
    time_place : int
        The column of the event time.
    window_ms : float
        How far apart two event times may lie, milliseconds, above 0.
    """

    name: ClassVar[str] = "repeats"
    plan: ClassVar[ColumnPlan] = planned(
        scalars=True, calendar=True, event_time=True, text_fingerprints=True
    )
    has_memory: ClassVar[bool] = True
    channels: ClassVar = (Channel("same"), Channel("alike"))

    def __init__(
        self, learned: Mapping[str, NDArray[Any]], time_place: int, window_ms: float
    ) -> None:
        self._learned = {name: np.ascontiguousarray(learned[name]) for name in _LEARNED}
        self._time_place, self._window_ms = time_place, window_ms
        own = self._learned
        self._byte_rules = (own["places"], own["is_hashed"], own["unseen"])
        self._probabilities = tuple(own[name] for name in _LEARNED[3:8])
        self._width = len(own["places"])
        most = min(max(self._width // _COLUMNS_FOR_ONE, 1), _MOST_DIFFERING, self._width)
        self._patterns = np.log([float(comb(self._width, k)) for k in range(most + 1)])

    @classmethod
    def fit(cls, matrix: Matrix, columns: Sequence[Column], seed: int) -> "Repeats":
        """Learn how probable values are, and in what time as many records come as are kept."""
        time_place = next(i for i, c in enumerate(columns) if c.kind == "event_time")
        learned = learn(matrix, columns)
        records = _capacity(len(learned["places"]))
        return cls(learned, time_place, _usual_span_ms(matrix[:, time_place], records))

    @classmethod
    def restore(
        cls, arrays: Mapping[str, NDArray[Any]], parameters: Mapping[str, Any]
    ) -> "Repeats":
        """Rebuild the detector from a bundle.

        Raises
        ------
        BundleError
            When the arrays are not those of `Repeats`.
        """
        if fault := _fault({name: arrays[name] for name in _LEARNED}):
            raise BundleError(f"what {cls.name} learned must fit together; {fault}")
        time_place, window_ms = int(parameters["time_place"]), float(parameters["window_ms"])
        if time_place < 0 or not window_ms > 0.0:
            raise BundleError(
                f"{cls.name} has the event time in a column from 0 on, and a window above 0; got "
                f"{time_place} and {window_ms}"
            )
        return cls(arrays, time_place, window_ms)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return which columns are compared, and how probable their bytes are."""
        return self._learned

    def parameters(self) -> dict[str, Any]:
        """Return where the event time is, and the window."""
        return {
            "time_place": self._time_place,
            "window_ms": self._window_ms,
            "remembered": _capacity(self._width),
        }

    def begin(self) -> Memory:
        """Return an empty ring of records, with tables that lead into it."""
        records, bands = _capacity(self._width), len(self._learned["bands"]) - 1
        tables = 1 + (bands if bands > 1 else 0)
        return {
            "records": np.zeros((records, _padded(self._width)), np.uint8),
            "times": np.zeros(records),
            "slots": np.zeros((tables, records), np.uint16),
            "seen": np.zeros(1, np.int64),
        }

    def fold(self, matrix: Matrix, memory: Memory) -> NDArray[np.float64]:
        """Score rows against those remembered: float64 of shape (n, 2), at least 0."""
        out = np.zeros((len(matrix), 2))
        if self._width:
            kept = (memory["records"], memory["times"], memory["slots"], memory["seen"])
            fold(
                self._bytes_of(matrix),
                np.ascontiguousarray(matrix[:, self._time_place]),
                self._learned["bands"],
                self._probabilities,
                self._patterns,
                self._window_ms,
                kept,
                out,
            )
        return out

    def contributions(self, matrix: Matrix, channel: int) -> NDArray[np.float64]:
        """Return how improbable the value in each compared column is, -ln p given its parent's."""
        parts = np.zeros(matrix.shape)
        if self._width:
            records = self._bytes_of(matrix)
            own, given = np.empty(self._width), np.empty(self._width)
            for row in range(len(matrix)):
                weigh(records, row, self._probabilities, own, given)
                parts[row, self._learned["places"]] = given
        return parts

    def reasons(
        self,
        rows: Matrix,
        channel: int,
        scores: NDArray[np.float64],
        wordings: Sequence[Wording],
    ) -> list[list[Reason]]:
        """Say that the record returned, and what was not compared.

        The reason is the field of the event time, in which the record and the earlier one differ.
        How improbable that is by chance is no count of days: the tree of columns that it follows
        from leaves out most of what depends on each other.
        """
        if not wordings:
            return []
        most = len(self._patterns) - 1
        apart = "one field" if most == 1 else f"one to {_NUMBERS[most]} fields"
        but_for = "" if channel == 0 else f" but for {apart}"
        names = self._not_compared(wordings[0].terms)
        words = f"the same as a record shortly before{but_for}; {_listed(names)} not compared"
        return [[Reason((names[0],), 1.0, words)] for _ in wordings]

    def _not_compared(self, terms: Terms) -> list[str]:
        """Return the fields of which no column is compared, the event time first."""
        columns = terms.columns
        compared = {columns[place].field for place in self._learned["places"].tolist()}
        names = dict.fromkeys([columns[self._time_place].field, *(c.field for c in columns)])
        return [name for name in names if name not in compared]

    def _bytes_of(self, matrix: Matrix) -> NDArray[np.uint8]:
        fewest = max(int(self._learned["places"].max()), self._time_place) + 1
        if matrix.shape[1] < fewest:
            raise ValueError(f"{self.name} reads {fewest} columns, got rows of {matrix.shape[1]}")
        records = np.zeros((len(matrix), _padded(self._width)), np.uint8)
        record_bytes(np.ascontiguousarray(matrix, np.float64), *self._byte_rules, records)
        return records


_NUMBERS = {0: "no", 2: "two", 3: "three"}


def _listed(names: Sequence[str]) -> str:
    """List names, and say what they are.

    Examples
    --------
    >>> _listed(["at"]), _listed(["at", "hour"]), _listed(list("abcdef"))
    ('at is', 'at and hour are', 'a, b, c and 3 others are')
    """
    if len(names) == 1:
        return f"{names[0]} is"
    named, last = names[:-1], names[-1]
    if len(names) > _MOST_NAMED + 1:
        named, last = names[:_MOST_NAMED], f"{len(names) - _MOST_NAMED} others"
    return f"{', '.join(named)} and {last} are"


def _capacity(width: int) -> int:
    """How many records are remembered: a power of two, fewer where records are wide."""
    fitting = _MOST_BYTES // max(_padded(width), 1)
    return min(max(1 << (fitting.bit_length() - 1), _FEWEST_RECORDS), _MOST_RECORDS)


def _padded(width: int) -> int:
    """How many bytes a record takes: they are compared eight at a time."""
    return -(-width // 8) * 8


def _usual_span_ms(times: NDArray[np.float64], records: int) -> float:
    """Return in what time so many records usually come: by the median over the history."""
    step = max(min(records, len(times) // 2), 1)
    spans = times[step:] - times[:-step]
    usual = float(np.median(spans)) * records / step if len(spans) else 0.0
    return max(usual, 1.0)


def _fault(learned: Mapping[str, NDArray[Any]]) -> str:
    """Say what is wrong with arrays that the kernels would follow without looking."""
    places, parent, starts = learned["places"], learned["parent"], learned["starts"]
    widths, bands = learned["widths"], learned["bands"]
    width = len(places)
    shapes = {
        "places": (width,),
        "is_hashed": (width,),
        "unseen": (width,),
        "parent": (width,),
        "marginal": (width, 256),
        "joint": (int(starts[-1]) if starts.size else 0,),
        "starts": (width + 1,),
        "widths": (width,),
        "bands": (len(bands),),
    }
    for name, shape in shapes.items():
        if learned[name].shape != shape:
            return f"{name} has shape {learned[name].shape}, not {shape}"
    whole = ("places", "is_hashed", "parent", "starts", "widths", "bands")
    if kinds := {
        name: learned[name].dtype for name in whole if learned[name].dtype.kind not in "iu"
    }:
        return f"whole numbers are {kinds}"
    above = np.clip(parent, 0, max(width - 1, 0))
    sizes = np.where(parent >= 0, widths[above] * widths, 0)
    rules = {
        f"at most {MOST_COLUMNS} columns are compared": width <= MOST_COLUMNS,
        "columns lie within a row": not width or 0 <= places.min() <= places.max() < _MOST_PLACES,
        "a column depends on an earlier one, or none": bool(
            np.all(parent < np.arange(width)) and np.all(parent >= -1)
        ),
        "a column has at most 255 bytes": bool(np.all((widths >= 0) & (widths <= 255))),
        "tables of pairs are as large as their columns": bool(
            starts[0] == 0 and np.array_equal(np.diff(starts), sizes)
        ),
        "at most four bands cut the columns": bool(
            0 < len(bands) <= 5
            and bands[0] == 0
            and bands[-1] == width
            and np.all(np.diff(bands) > 0)
        ),
    }
    return next((f"the rule is that {rule}" for rule, holds in rules.items() if not holds), "")
