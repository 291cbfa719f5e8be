"""The usual design that streamscore is measured against: JSON, pandas, a scikit-learn pipeline.

As a tutorial would write it, and no slower: imputing, scaling, one-hot encoding and hashed text
before an isolation forest with as many trees as streamscore's own.
"""

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import IsolationForest
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from streamscore.sources import Source

_SEED = 42


class SklearnDesign:
    """A fitted pipeline, and how it reads the values of messages.

    Parameters
    ----------
    source : Source
        Whose fields are read, by their roles.
    values : sequence of bytes
        Records to fit on.
    trees : int
        Trees of the forest.
    """

    def __init__(self, source: Source, values: Sequence[bytes], trees: int) -> None:
        numbers = [*source.with_role("number"), *source.with_role("flag")]
        parts: list[tuple[str, Any, Any]] = [("numbers", _numeric(), numbers)]
        if categories := list(source.with_role("category")):
            parts.append(("categories", _categorical(), categories))
        parts += [(name, _text(), name) for name in source.with_role("text")]
        forest = IsolationForest(n_estimators=trees, random_state=_SEED)
        self._pipeline = make_pipeline(ColumnTransformer(parts), forest)
        self._pipeline.fit(self._frame(values))

    def predict_one(self, value: bytes) -> bool:
        """Say whether a record is an anomaly."""
        return bool(self._pipeline.predict(pd.DataFrame([json.loads(value)]))[0] == -1)

    def predict(self, values: Sequence[bytes]) -> list[bool]:
        """Say of each record of a batch whether it is an anomaly."""
        return (self._pipeline.predict(self._frame(values)) == -1).tolist()  # type: ignore[no-any-return]

    def _frame(self, values: Sequence[bytes]) -> Any:
        return pd.DataFrame([json.loads(value) for value in values])


def _numeric() -> Any:
    return make_pipeline(SimpleImputer(strategy="median"), StandardScaler())


def _categorical() -> Any:
    return make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
    )


def _text() -> Any:
    return make_pipeline(
        HashingVectorizer(n_features=2**14), TruncatedSVD(n_components=32, random_state=_SEED)
    )
