"""Questions of the detection benchmarks are cut at days, and say which kinds the bars are about."""

from functools import cache

import numpy as np
import pytest

from benchmarks._detection import (
    PREVALENCE,
    Question,
    Split,
    answer,
    cut,
    generated_history,
    print_answers,
    question,
    recipe_or,
)
from streamscore.sources import Codec, load_source
from streamscore.sources.time_range import time_range
from streamscore.synthetic.accident_anomalies import ACCIDENT_KINDS
from trainer.history import History

CODEC = Codec(load_source("accidents"))
SPLIT = Split("R0", "2018-01-01", "2018-02-01", "2018-02-10", "2018-02-20")
BARRED = {kind: ACCIDENT_KINDS[kind] for kind in ("extreme", "unseen")}


@cache
def history() -> History:
    return generated_history(CODEC, "2017-12-25", "2018-03-01", 20)


@cache
def asked() -> Question:
    return question("R0", "generated", CODEC, cut(CODEC, history(), SPLIT), BARRED, [1, 2])


def test_slices_follow_each_other_and_end_where_the_next_day_begins() -> None:
    train, calibrate, test = cut(CODEC, history(), SPLIT)
    days = [time_range(CODEC.source, day).start_ms or 0 for day in SPLIT[1:]]
    for piece, start, end in zip((train, calibrate, test), days[:-1], days[1:], strict=True):
        assert start <= piece.utc_ms[0] <= piece.utc_ms[-1] < end
    within = (history().utc_ms >= days[0]) & (history().utc_ms < days[-1])
    assert len(train) + len(calibrate) + len(test) == within.sum() < len(history())


def test_kinds_of_the_bars_and_those_of_any_source_are_told_apart() -> None:
    assert asked().kinds == ("extreme", "unseen")
    assert {"extreme (any source)", "unseen (any source)", "sum"} <= set(asked().other)
    assert {"exact_repeat", "delayed"} <= set(asked().other)


def test_each_trial_has_anomalies_of_its_own() -> None:
    first, second = (
        next(one for one in asked().task.injected if one.trial == trial and one.kind == "extreme")
        for trial in (0, 1)
    )
    assert not np.array_equal(first.places, second.places)


def test_an_answer_measures_the_kinds_of_the_bars_apart_from_the_others() -> None:
    found = answer(asked(), "isolation-forest")
    assert set(found.own.kinds) == set(asked().kinds)
    assert set(found.other.kinds) == set(asked().other)
    assert found.own.measures.auprc > PREVALENCE


def test_tables_name_the_history_its_slices_and_each_detector(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_answers(asked(), [answer(asked(), "isolation-forest")], markdown=True)
    shown = capsys.readouterr().out
    assert f"R0: generated; {len(asked().task.train)} records to learn from" in shown
    assert "mean of 2 seeds" in shown
    assert "| isolation-forest |" in shown
    assert shown.index("The kinds of the bars") < shown.index("Other kinds")


def test_a_recipe_that_is_not_there_is_replaced() -> None:
    assert recipe_or("categorical", "isolation-forest") == "categorical"
    assert recipe_or("no-such-recipe", "isolation-forest") == "isolation-forest"
