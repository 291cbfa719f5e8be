"""The bundle as an MLflow model: a DataFrame of records in, scores and p-values out.

MLflow keeps this file with each version and runs it where the model is loaded (models from code):
`mlflow models serve --env-manager local`, a notebook, `mlflow.pyfunc.load_model`. It imports
`streamscore`, which must be installed there.

Scores and p-values here are stateless. Detectors that compare a record with earlier ones (repeats,
stray times) are left out, for a table need not be in the order of arrival; and each record is
compared with the scores that the bundle was calibrated on. On the stream both move on with the
records. A model of nothing but detectors that remember takes each row for the first of a stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from streamscore.bundle import Bundle, read_bundle
from streamscore.scoring import Model
from streamscore.sources import Codec, RecordFault, Source
from streamscore.sources.codec import Record
from streamscore.sources.nesting import Nesting

if TYPE_CHECKING:
    import pandas as pd

SOURCE_FILE = "source.json"
"""The source, beside the bundle: what serves a model may not have its TOML."""


class BundleScorer:
    """Scores tables of records with a bundle's frozen calibration window.

    Parameters
    ----------
    codec : Codec
        The codec of the bundle's source.
    bundle : Bundle
        What was learned.
    """

    def __init__(self, codec: Codec, bundle: Bundle) -> None:
        self._is_split = not bundle.detectors().stateless_channels
        self._model = Model(codec, bundle, codec.source.name, "", stateless=not self._is_split)
        kept = codec.source.calibration.window_records
        self._window = np.sort(bundle.stateless_scores[-kept:])

    @classmethod
    def load(cls, directory: Path) -> BundleScorer:
        """Read a bundle's folder with the source beside it.

        Raises
        ------
        BundleError
            When the bundle cannot be read or does not fit the source.
        """
        source = msgspec.json.decode((directory / SOURCE_FILE).read_bytes(), type=Source)
        return cls(Codec(source), read_bundle(directory))

    def score_table(self, table: pd.DataFrame) -> pd.DataFrame:
        """Score the rows of a table, each by itself.

        Parameters
        ----------
        table : pandas.DataFrame
            One record a row, one column a field; a missing value is None or NaN. Fields of type
            `any` may be left out.

        Returns
        -------
        pandas.DataFrame
            Row by row under the table's index: `score` (higher is more anomalous) and `p_value` in
            (0, 1], both NaN for a row that is no record of the source; `flagged`; `fault`, the
            reason why it is none, or "".
        """
        import pandas as pd

        codec = self._model.codec
        good, records, times = [], [], []
        faults = [""] * len(table)
        for place, value in enumerate(record_values(codec.source, table)):
            try:
                record = codec.decode(value)
                times.append(codec.event_time(record))
            except RecordFault as fault:
                faults[place] = fault.reason
                continue
            records.append(record)
            good.append(place)
        scores = np.full(len(table), np.nan)
        if records:
            utc_ms, local_ms = (
                np.array([getattr(time, clock) for time in times], np.int64)
                for clock in ("utc_ms", "local_ms")
            )
            scores[good] = self._scores(records, utc_ms, local_ms)
        p_values = self._p_values(scores)
        flagged = p_values <= self._model.source.nominal_rate
        columns = {"score": scores, "p_value": p_values, "flagged": flagged, "fault": faults}
        return pd.DataFrame(columns, index=table.index)

    def _scores(
        self, records: Sequence[Record], utc_ms: NDArray[np.int64], local_ms: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        at_once = 1 if self._is_split else len(records)
        parts = [slice(start, start + at_once) for start in range(0, len(records), at_once)]
        found = [
            self._model.score(records[one], utc_ms[one], local_ms[one], self._model.begin()).scores
            for one in parts
        ]
        return np.concatenate(found)

    def _p_values(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        at_least = len(self._window) - np.searchsorted(self._window, scores)
        p_values = (1.0 + at_least) / (len(self._window) + 1.0)
        return np.where(np.isnan(scores), np.nan, p_values)


def record_values(source: Source, table: pd.DataFrame) -> list[bytes]:
    """Write each row of a table as the JSON that a topic would carry.

    Parameters
    ----------
    source : Source
        Its fields decide the types: a float that is whole becomes an integer again.
    table : pandas.DataFrame
        As `BundleScorer.score_table` takes it.
    """
    unread = {n: None for n, field in source.fields.items() if field.type == "any"}
    integers = {n for n, field in source.fields.items() if field.type == "integer"}
    nesting = Nesting(source)
    names = [str(name) for name in table.columns]
    rows = table.astype(object).where(table.notna(), None)
    values = []
    for row in rows.itertuples(index=False, name=None):
        known = {n: _plain(v, n in integers) for n, v in zip(names, row, strict=True)}
        record = unread | {n: v for n, v in known.items() if v is not None}
        try:
            values.append(msgspec.json.encode(nesting.record(record)))
        except UnicodeEncodeError:
            # Half a surrogate pair: no bytes stand for it, so the codec is given some that do not.
            values.append(b"\xff")
    return values


def _plain(value: Any, is_integer: bool) -> Any:
    plain = value.item() if isinstance(value, np.generic) else value
    if is_integer and isinstance(plain, float) and plain.is_integer():
        return int(plain)
    return plain


def _set_model() -> None:
    import mlflow

    class BundleModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # mlflow is not typed
        """Loads the bundle from the model's artifacts."""

        def load_context(self, context: Any) -> None:
            """Read the bundle once."""
            self.scorer = BundleScorer.load(Path(context.artifacts["bundle"]))

        # MLflow would take hints for a schema in the place of the signature.
        def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
            """Score a table of records, each by itself."""
            return self.scorer.score_table(model_input)

    mlflow.models.set_model(BundleModel())


if __name__ not in {"trainer.pyfunc_model", "__main__"}:
    # MLflow runs the file under a name of its own; importing it from here does nothing.
    _set_model()
