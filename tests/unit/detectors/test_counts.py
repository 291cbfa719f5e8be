"""Fields that say nothing, and fields with a value never seen, are counted."""

import numpy as np
import pytest

from streamscore.detectors.reasons import Terms, Wording
from streamscore.detectors.sentinel_count import SentinelCount
from streamscore.detectors.unseen_count import UnseenCount
from streamscore.errors import BundleError
from streamscore.features import Column

COLUMNS = (
    Column(name="a", field="a", kind="code", values=3, missing_codes=(1,)),
    Column(name="b", field="b", kind="code", values=2),
    Column(name="c", field="c", kind="number"),
)
HISTORY = np.array([[0.0, 0, 1], [1, 1, 2], [2, 0, 3]] * 20)
WORDINGS = [Wording(Terms(COLUMNS, lambda field, code: code), str.upper)]


def test_a_sentinel_and_a_missing_value_say_nothing() -> None:
    count = SentinelCount.fit(HISTORY, COLUMNS, 1)
    rows = np.array([[0.0, 0, 1], [1, 0, 1], [1, 3, np.nan], [3, 2, 9]])
    assert count.fold(rows, {})[:, 0].tolist() == [0, 1, 3, 0]
    assert count.contributions(rows).sum(axis=1).tolist() == [0, 1, 3, 0]
    (reasons,) = count.reasons(rows[1:2], 0, np.ones(1), WORDINGS)
    assert [(one.fields, one.words) for one in reasons] == [(("a",), "a is A, which says nothing")]


def test_that_a_missing_value_says_nothing_goes_without_saying() -> None:
    count = SentinelCount.fit(HISTORY, COLUMNS, 1)
    wordings = [Wording(Terms(COLUMNS, lambda field, code: code), lambda field: None)]
    (reasons,) = count.reasons(np.array([[0.0, 3, np.nan]]), 0, np.ones(1), wordings)
    assert [one.words for one in reasons] == ["b is missing", "c is missing"]


def test_a_new_category_and_a_number_out_of_range_are_unseen() -> None:
    count = UnseenCount.fit(HISTORY, COLUMNS, 1)
    rows = np.array([[0.0, 0, 1], [3, 0, 1], [3, 2, 9], [4, 3, np.nan], [0, 0, -1]])
    assert count.fold(rows, {})[:, 0].tolist() == [0, 1, 3, 0, 1]
    assert count.contributions(rows).sum(axis=1).tolist() == [0, 1, 3, 0, 1]
    (reasons,) = count.reasons(rows[1:2], 0, np.ones(1), WORDINGS)
    assert [(one.fields, one.words) for one in reasons] == [(("a",), "a is A, never seen")]


def test_a_number_beyond_its_bins_is_not_said_to_be_never_seen() -> None:
    columns = [Column(name="c", field="c", kind="number")]
    count = UnseenCount.fit(np.linspace(0.0, 1.0, 5000)[:, None], columns, 1)
    for value, words in (
        (1.5, "c is 1.5, above nearly all before"),
        (-2.0, "c is -2, below nearly"),
    ):
        wording = Wording(Terms(columns, lambda field, code: code), {"c": value}.__getitem__)
        ((reason,),) = count.reasons(np.array([[value]]), 0, np.ones(1), [wording])
        assert reason.words.startswith(words)


def test_codes_of_columns_that_there_are_not_are_refused() -> None:
    count = SentinelCount.fit(HISTORY, COLUMNS, 1)
    with pytest.raises(BundleError, match="every code is one of 1 columns"):
        SentinelCount.restore(count.arrays(), {"columns": 1})
