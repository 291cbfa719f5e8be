"""What people said of records enters a comparison, where it is of the time that is tested."""

import numpy as np
import pytest

from streamscore.errors import HistoryError
from streamscore.evaluation.task import Task
from tests.sensors import sensor_values
from tests.trained_sensors import CODEC, history_of
from trainer.comparison import task_of
from trainer.evaluating import labels_used
from trainer.labels import LabelledRecord, LabelledRecords

VALUES = sensor_values(1000, seed=6)
LEARNED, ANOMALY, NORMAL = 5, 990, 980


def labelled(place: int, *, is_anomaly: bool, value: bytes | None = None) -> LabelledRecord:
    return LabelledRecord(
        value=value or VALUES[place],
        is_anomaly=is_anomaly,
        is_flagged=False,
        event=f"c/t/0/{place}",
    )


LABELS = [
    labelled(ANOMALY, is_anomaly=True),
    labelled(LEARNED, is_anomaly=True),
    labelled(NORMAL, is_anomaly=False),
    labelled(7, is_anomaly=True, value=b"{"),
]


def asked(labels: list[LabelledRecord]) -> Task:
    return task_of(CODEC, history_of(VALUES), [1], 0.01, labels)


def test_records_of_the_time_that_is_tested_are_judged_in_the_order_of_time() -> None:
    found = asked(LABELS).labelled
    assert found is not None
    assert [CODEC.encode(record) for record in found.judged.records] == [
        CODEC.encode(CODEC.decode(VALUES[place])) for place in (NORMAL, ANOMALY)
    ]
    np.testing.assert_array_equal(found.is_anomaly, [False, True])


def test_what_is_labelled_as_an_anomaly_is_not_taken_for_clean() -> None:
    without, with_labels = asked([]), asked(LABELS)
    assert len(with_labels.test) == len(without.test) - 1
    anomaly = CODEC.encode(CODEC.decode(VALUES[ANOMALY]))
    assert anomaly not in [CODEC.encode(record) for record in with_labels.test.records]


def test_what_became_of_labels_is_counted() -> None:
    found = LabelledRecords(records=LABELS, unusable={"masked": 3})
    assert labels_used(asked(LABELS), found) == {"judged": 2, "untested": 2, "masked": 3}
    assert labels_used(asked([]), LabelledRecords(records=(), unusable={})) == {}


def test_an_anomaly_at_the_very_beginning_of_what_is_tested_is_judged() -> None:
    first = len(VALUES) - len(asked([]).test)
    found = asked([labelled(first, is_anomaly=True)]).labelled
    assert found is not None
    assert found.is_anomaly.tolist() == [True]


def test_a_test_slice_of_nothing_but_labelled_anomalies_is_refused() -> None:
    every = [labelled(place, is_anomaly=True) for place in range(len(VALUES))]
    with pytest.raises(HistoryError, match=r"all \d+ of them are\. Give more history"):
        asked(every)
