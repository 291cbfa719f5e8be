"""The encoder: fit on history, then a row function generated for the source.

Trainer and scorer run this same code from the same bundle, so there is no skew between them.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streamscore.features.columns import TEXT_LEARNED, Column, ColumnPlan, plan_columns
from streamscore.features.cycles import encode_calendar, encode_cycles
from streamscore.features.fingerprints import encode_fingerprints
from streamscore.features.learned_texts import LearnedText
from streamscore.features.minilm import (
    DIMENSIONS,
    MOST_REMEMBERED,
    load_minilm,
    require_embedding,
)
from streamscore.features.text import STATISTICS, bytes_of, encode_texts
from streamscore.features.text_vectors import TextVectors
from streamscore.sources.codec import Codec, Record
from streamscore.sources.source import Source

_MOST_CATEGORIES = 4096
_SMALLEST_SPREAD = 1e-100
_LARGEST_NUMBER = 1e30
"""Numbers are cut to this after scaling: detectors read them as float32."""

_NO_ARRAYS: Mapping[str, NDArray[Any]] = MappingProxyType({})

RowFunction = Callable[[Sequence[Record]], list[float]]


class Learned(Struct, frozen=True, kw_only=True):
    """All that an encoder learned, as plain values for the bundle.

    Attributes
    ----------
    plan : ColumnPlan
        What the columns are.
    vocabularies : dict of str to list
        Category field -> its values by falling frequency; a value's place is its code, the
        length is the code of every unseen value, the length + 1 that of a missing one.
    centers, scales : dict of str to float
        Number field -> what is subtracted, and what the difference is then multiplied with.
    predicted : dict of str to list of str
        Text field -> number fields that it predicts; none where nothing is learned of texts.
    """

    plan: ColumnPlan
    vocabularies: dict[str, list[str | int | bool]]
    centers: dict[str, float]
    scales: dict[str, float]
    predicted: dict[str, list[str]] = {}


class Encoder:
    """Turns records of a source into a matrix.

    Parameters
    ----------
    codec : Codec
        The codec whose records are encoded.
    learned : Learned
        What `fit` learned.
    arrays : mapping of str to array
        What it learned as arrays.

    Raises
    ------
    BundleError
        When the arrays are not those that the plan asks for.
    UsageError
        When the plan wants vectors of a language model that is not installed.

    Attributes
    ----------
    columns : tuple of Column
        The columns of the matrix.
    """

    def __init__(
        self, codec: Codec, learned: Learned, arrays: Mapping[str, NDArray[Any]] = _NO_ARRAYS
    ) -> None:
        source = codec.source
        self.learned = learned
        self._arrays = dict(arrays)
        planned = plan_columns(source, learned.plan, learned.predicted)
        self.columns: tuple[Column, ...] = tuple(_with_codes(c, source, learned) for c in planned)
        self._scalars = [c for c in self.columns if c.kind in ("code", "number", "flag")]
        self._cycles = source.event_time.cycles
        self._texts = source.with_role("text")
        self._learned_texts = _learned_texts(self._texts, learned, arrays)
        self._meanings = self._text_vectors(source)
        self._codec = codec
        self._rows = _generate_rows(codec, self._scalars, learned)
        self._centers = np.array([learned.centers.get(c.field, 0.0) for c in self._scalars])
        self._scales = np.array([learned.scales.get(c.field, 1.0) for c in self._scalars])

    @classmethod
    def fit(cls, codec: Codec, records: Sequence[Record], plan: ColumnPlan) -> "Encoder":
        """Learn vocabularies and scales from history.

        Parameters
        ----------
        codec : Codec
            The source's codec.
        records : sequence of Record
            The history to learn from; at least one record.
        plan : ColumnPlan
            Which columns the detector wants.
        """
        source = codec.source
        vocabularies = {
            name: _vocabulary(codec.values_of(records, name))
            for name in source.with_role("category")
        }
        centers: dict[str, float] = {}
        scales: dict[str, float] = {}
        for name in source.with_role("number"):
            if plan.scaled:
                centers[name], scales[name] = _center_and_scale(codec.values_of(records, name))
        predicted, arrays = _learn_texts(codec, records) if plan.text_learned else ({}, {})
        learned = Learned(
            plan=plan,
            vocabularies=vocabularies,
            centers=centers,
            scales=scales,
            predicted=predicted,
        )
        return cls(codec, learned, arrays)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learned as arrays, for the bundle."""
        return self._arrays

    def number_of(self, field: str, value: float) -> float:
        """Return the number of a field that a value in its column was made of."""
        scales, centers = self.learned.scales, self.learned.centers
        return value / scales[field] + centers[field] if field in scales else value

    def encode(
        self, records: Sequence[Record], utc_ms: NDArray[np.int64], local_ms: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Encode records.

        Parameters
        ----------
        records : sequence of Record, of length n
            Decoded records.
        utc_ms, local_ms : int64 arrays of shape (n,)
            Event time and local wall time of each, as `Codec.event_time` gives them.

        Returns
        -------
        float64 array of shape (n, len(columns))
            Numbers within +-1e30; a missing one is NaN.
        """
        plan, out = self.learned.plan, np.empty((len(records), len(self.columns)))
        width = self._encode_scalars(records, out)
        if self._cycles and plan.cycles:
            width, start = width + 2 * len(self._cycles), width
            encode_cycles(local_ms, self._cycles, out[:, start:width])
        if self._cycles and plan.calendar:
            width, start = width + len(self._cycles), width
            encode_calendar(local_ms, self._cycles, out[:, start:width])
        if plan.event_time:
            out[:, width] = utc_ms
            width += 1
        for name in self._texts:
            texts = self._codec.values_of(records, name)
            width = self._encode_text(records, name, texts, out, width)
        if self._meanings is not None:
            for name in self._texts:
                width, start = width + DIMENSIONS, width
                self._meanings.write(self._codec.values_of(records, name), out[:, start:width])
        return out

    def _encode_text(
        self,
        records: Sequence[Record],
        name: str,
        texts: Sequence[str | None],
        out: NDArray[np.float64],
        width: int,
    ) -> int:
        """Write a text field's columns from a place on, and return where they end."""
        plan = self.learned.plan
        has_statistics = plan.text_statistics or plan.text_dimensions > 0
        if not (has_statistics or plan.text_learned or plan.text_fingerprints):
            return width
        data = bytes_of(texts)
        if has_statistics:
            width, start = width + STATISTICS + plan.text_dimensions, width
            encode_texts(data, plan.text_dimensions, out[:, start:width])
        if plan.text_learned:
            predicted = self.learned.predicted[name]
            numbers = [_numbers(self._codec, records, number) for number in predicted]
            width, start = width + len(TEXT_LEARNED) + len(predicted), width
            self._learned_texts[name].encode(data, numbers, out[:, start:width])
        if plan.text_fingerprints:
            encode_fingerprints(data, out[:, width])
            width += 1
        return width

    def _text_vectors(self, source: Source) -> TextVectors | None:
        if not any(column.kind == "text_embedding" for column in self.columns):
            return None
        require_embedding(source)
        return TextVectors(load_minilm().vector, MOST_REMEMBERED)

    def _encode_scalars(self, records: Sequence[Record], out: NDArray[np.float64]) -> int:
        width = len(self._scalars)
        if not width:
            return 0
        # Twice as fast as np.array, which looks at every value for its type first.
        cells = np.fromiter(self._rows(records), np.float64, len(records) * width)
        flat = cells.reshape(len(records), width)
        np.subtract(flat, self._centers, out=flat)
        np.multiply(flat, self._scales, out=flat)
        np.clip(flat, -_LARGEST_NUMBER, _LARGEST_NUMBER, out=out[:, :width])
        return width


def _learn_texts(
    codec: Codec, records: Sequence[Record]
) -> tuple[dict[str, list[str]], dict[str, NDArray[Any]]]:
    """Learn of each text field: which numbers it predicts, and the arrays by the field's place."""
    names = codec.source.with_role("number")
    numbers = {name: _numbers(codec, records, name) for name in names}
    predicted: dict[str, list[str]] = {}
    arrays: dict[str, NDArray[Any]] = {}
    for i, name in enumerate(codec.source.with_role("text")):
        learned, predicted[name] = LearnedText.fit(codec.values_of(records, name), numbers)
        arrays |= {f"text{i}.{key}": array for key, array in learned.arrays().items()}
    return predicted, arrays


def _learned_texts(
    texts: Sequence[str], learned: Learned, arrays: Mapping[str, NDArray[Any]]
) -> dict[str, LearnedText]:
    if not learned.plan.text_learned:
        return {}
    found = {}
    for i, name in enumerate(texts):
        prefix = f"text{i}."
        own = {key.removeprefix(prefix): a for key, a in arrays.items() if key.startswith(prefix)}
        found[name] = LearnedText.restore(own, len(learned.predicted.get(name, [])))
    return found


def _numbers(codec: Codec, records: Sequence[Record], name: str) -> NDArray[np.float64]:
    """Return a number field's values, NaN where missing: float64 of shape (n,)."""
    values = codec.values_of(records, name)
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _with_codes(column: Column, source: Source, learned: Learned) -> Column:
    """Return a column with what its vocabulary says of its codes."""
    if column.kind != "code":
        return column
    vocabulary = learned.vocabularies[column.field]
    missing = source.fields[column.field].missing
    codes = tuple(code for code, value in enumerate(vocabulary) if value in missing)
    return msgspec.structs.replace(column, missing_codes=codes, values=len(vocabulary))


def _generate_rows(codec: Codec, scalars: list[Column], learned: Learned) -> RowFunction:
    """Generate `rows(records) -> flat list`, one look-up a scalar and no loop over columns.

    The code is made of attribute names of our own (`f0`, `g0`, ...) and integers alone.
    """
    names: dict[str, Any] = {"nan": float("nan")}
    # Subscripting is the faster look-up; a record with a category that is unseen takes the other.
    known, terms = [], []
    for i, column in enumerate(scalars):
        attribute = codec.look_ups[column.field].code("r")
        if column.kind == "code":
            vocabulary = learned.vocabularies[column.field]
            codes: dict[Any, float] = {value: float(code) for code, value in enumerate(vocabulary)}
            unseen, codes[None] = float(len(vocabulary)), float(len(vocabulary) + 1)
            names |= {f"c{i}": codes, f"g{i}": codes.get}
            known.append(f"c{i}[{attribute}]")
            terms.append(f"g{i}({attribute}, {unseen!r})")
            continue
        is_required = codec.source.fields[column.field].required
        term = attribute if is_required else f"nan if {attribute} is None else {attribute}"
        known.append(term)
        terms.append(term)
    fast, slow = ("".join(f"({term}), " for term in each) for each in (known, terms))
    code = (
        "def rows(records):\n    flat = []\n    extend = flat.extend\n    for r in records:\n"
        f"        try:\n            extend(({fast}))\n"
        f"        except KeyError:\n            extend(({slow}))\n    return flat\n"
    )
    exec(compile(code, "<row function>", "exec"), names)  # noqa: S102
    rows: RowFunction = names["rows"]
    return rows


def _vocabulary(values: Sequence[Any]) -> list[Any]:
    counts = Counter(value for value in values if value is not None)
    # Equal counts are ordered by value, so that the order of the history does not matter.
    ranked = sorted(counts, key=lambda value: (-counts[value], value))
    return ranked[:_MOST_CATEGORIES]


def _center_and_scale(values: Sequence[float | None]) -> tuple[float, float]:
    """Median, and one over the interquartile range; a constant's scale is 1.

    Where most values are the same, the mean distance from the median stands in for the range.
    """
    known = np.array([value for value in values if value is not None], dtype=np.float64)
    if len(known) == 0:
        return 0.0, 1.0
    low, median, high = np.percentile(known, [25, 50, 75])
    spread = float(high - low) or float(np.abs(known - median).mean())
    return float(median), 1.0 / spread if spread > _SMALLEST_SPREAD else 1.0
