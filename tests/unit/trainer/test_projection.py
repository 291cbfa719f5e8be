"""Records are projected where there is something to tell them apart by."""

import msgspec
import numpy as np

from streamscore.evaluation.task import Slice
from tests.unit.evaluation.asked import asked
from trainer.projection import project


def test_records_that_are_all_alike_or_few_are_not_projected() -> None:
    test = asked().test
    alike = Slice(
        [test.records[0]] * 20, np.repeat(test.utc_ms[:1], 20), test.local_ms[:1].repeat(20)
    )
    for rows in (alike, test.part(0, 9)):
        assert project(msgspec.structs.replace(asked(), test=rows, injected=[]), seed=1) is None


def test_points_are_as_many_as_records_and_anomalies_have_their_kind() -> None:
    first = [one for one in asked().injected if one.trial == 0][:2]
    task = msgspec.structs.replace(asked(), test=asked().test.part(0, 30), injected=first)
    found = project(task, seed=1)
    assert found is not None
    assert found.points.shape == (30 + sum(min(20, len(one.anomalies)) for one in first), 2)
    assert (found.kinds[:30] == "").all()
    assert set(found.kinds[30:]) == {one.kind for one in first}
    assert np.isfinite(found.points).all()
