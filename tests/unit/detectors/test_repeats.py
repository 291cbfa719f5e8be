"""Records that return are found, and the more so the less probable their return is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamscore.detectors import Terms, Wording
from streamscore.detectors.repeat_learning import compared
from streamscore.detectors.repeats import Repeats
from streamscore.features import Column
from tests.naive.repeats import naive_chance, naive_repeats

DAY_MS = 86_400_000.0
KINDS = ("colour", "shape", "size", "grade", "origin", "count", "weight")
COLUMNS = (
    *(Column(name=name, field=name, kind="code", values=6) for name in KINDS[:5]),
    Column(name="count", field="count", kind="number"),
    Column(name="weight", field="weight", kind="number"),
    Column(name="at.hour", field="at", kind="calendar"),
    Column(name="at", field="at", kind="event_time"),
)
AT = len(COLUMNS) - 1


def rows(count: int, seed: int, first: int = 0) -> NDArray[np.float64]:
    """Rows an hour apart, with a shape that depends on the colour, and rare sizes."""
    rng = np.random.default_rng(seed)
    made = np.empty((count, len(COLUMNS)))
    made[:, 0] = rng.integers(0, 5, count)
    made[:, 1] = np.where(rng.random(count) < 0.9, made[:, 0], rng.integers(0, 5, count))
    made[:, 2:5] = np.minimum(rng.geometric(0.6, (count, 3)) - 1, 5)
    made[:, 5] = rng.poisson(1.0, count)
    made[:, 6] = rng.choice([1.5, 2.5, 3.25, 9.75], count)
    hours = first + np.arange(count)
    made[:, 7], made[:, AT] = hours % 24, hours * 3_600_000.0
    return made


FITTED = Repeats.fit(rows(3000, 1), COLUMNS, 1)
RARE = np.array([4, 1, 4, 4, 3, 4, 9.75, 0, 0], np.float64)
COMMON = np.array([1, 1, 0, 0, 0, 1, 1.5, 0, 0], np.float64)


def scores(matrix: NDArray[np.float64], detector: Repeats = FITTED) -> NDArray[np.float64]:
    return detector.fold(matrix, detector.begin())


def at(row: NDArray[np.float64], hour: float) -> NDArray[np.float64]:
    moved = row.copy()
    moved[AT] = (10_000 + hour) * 3_600_000.0
    return moved


def as_bytes(matrix: NDArray[np.float64]) -> list[tuple[int, ...]]:
    return [tuple(record[: len(KINDS)]) for record in FITTED._bytes_of(matrix).tolist()]


def test_a_rare_record_that_returns_is_surprising_and_a_common_one_is_not() -> None:
    stream = rows(100, 2)
    for known, surprise in ((RARE, 8.0), (COMMON, 2.0)):
        found = scores(np.vstack([[at(known, 0)], stream, [at(known, 101)]]))[-1, 0]
        assert (found > surprise) == (known is RARE)


def test_the_sooner_it_returns_the_more_surprising_it_is() -> None:
    found = [scores(np.vstack([[RARE], rows(n, 3), [RARE]]))[-1, 0] for n in (0, 9, 99)]
    np.testing.assert_allclose(np.diff(found), [-np.log(10)] * 2)


def test_the_score_is_how_many_such_records_chance_alone_would_have_brought() -> None:
    """Over many fresh streams, as many records return by chance as their scores say."""
    matrix = rows(4000, 4)
    same = scores(matrix)[1000:, 0]
    for asked in (2.0, 4.0):
        # A record may meet each of those before it: the sum of 1 / age over the ring is 8.
        assert np.mean(same >= asked) < 8 * np.exp(-asked)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 120))
def test_no_score_is_above_the_naive_one_and_the_previous_record_is_always_found(
    seed: int, count: int
) -> None:
    matrix = rows(count, seed)
    learned, records = FITTED.arrays(), as_bytes(matrix)
    window = FITTED.parameters()["window_ms"]
    naive = naive_repeats(records, matrix[:, AT].tolist(), learned, 1, window)
    found = scores(matrix)
    assert np.all(found <= np.array(naive) + 1e-9)
    assert np.mean(found[:, 0] >= np.array(naive)[:, 0] - 1e-9) > 0.9
    again = scores(np.vstack([matrix, matrix[-1:]]))[-1, 0]
    assert again == pytest.approx(naive_chance(records[-1], records[-1], learned))


def test_a_record_that_differs_in_one_field_is_alike_and_not_the_same() -> None:
    for place in range(len(KINDS)):
        other = at(RARE, 1)
        other[place] = 0.0 if place != 6 else 2.5
        same, alike = scores(np.vstack([[at(RARE, 0)], rows(20, 5), [other]]))[-1]
        assert same == 0.0
        assert alike > 3.0, KINDS[place]


@pytest.mark.parametrize(("columns", "most"), [(5, 1), (12, 2), (18, 3), (30, 3)])
def test_one_column_in_six_may_differ_up_to_three(columns: int, most: int) -> None:
    named = [Column(name=f"c{i}", field=f"c{i}", kind="code", values=9) for i in range(columns)]
    matrix = np.random.default_rng(8).integers(0, 9, (2000, columns)).astype(float)
    timed = np.column_stack([matrix, np.arange(2000) * 3_600_000.0])
    detector = Repeats.fit(timed, [*named, COLUMNS[AT]], 1)
    for differing in range(most + 2):
        again = timed[-1].copy()
        # Side by side, for what differs everywhere is not looked up.
        places = detector.arrays()["places"][:differing]
        again[places] = (again[places] + 1) % 9
        alike = scores(np.vstack([timed[-50:], again]), detector)[-1].max()
        assert (alike > 0.0) == (differing <= most), differing


def test_a_record_beyond_the_window_of_event_time_does_not_count() -> None:
    hours = FITTED.parameters()["window_ms"] / 3_600_000.0
    near, far = (scores(np.vstack([at(RARE, 0), at(RARE, h)]))[1, 0] for h in (hours, hours + 1))
    assert near > 0.0
    assert far == 0.0


def test_a_stray_time_empties_no_memory() -> None:
    stray = at(rows(1, 6)[0], 1e6)
    stream = np.vstack([[at(RARE, 0)], [stray], [at(RARE, 1)]])
    assert scores(stream)[2, 0] == pytest.approx(
        scores(np.vstack([[at(RARE, 0)], [at(COMMON, 0)], [at(RARE, 1)]]))[2, 0]
    )


def test_values_never_seen_and_missing_ones_prove_nothing() -> None:
    new = RARE.copy()
    new[:5], new[6] = 6.0, np.nan
    told = scores(np.vstack([new, new]))[1, 0]
    assert told == pytest.approx(-np.log(np.mean(rows(3000, 1)[:, 5] == 4.0)), abs=0.2)


def test_what_follows_from_the_time_or_counts_on_is_not_compared() -> None:
    matrix = np.hstack([rows(500, 7), np.empty((500, 2))])
    matrix[:, 9] = matrix[:, 7] * 2.0
    matrix[:, 10] = np.arange(500) * 7.0
    columns = [
        *COLUMNS,
        Column(name="reported", field="reported", kind="number"),
        Column(name="counter", field="counter", kind="number"),
    ]
    assert [columns[place].name for place in compared(matrix, columns)] == list(KINDS)


def test_a_source_with_nothing_to_compare_scores_nothing() -> None:
    matrix = rows(50, 8)[:, [7, AT]]
    detector = Repeats.fit(matrix, COLUMNS[7:], 1)
    assert not scores(matrix, detector).any()
    assert not detector.contributions(matrix, 0).any()


def test_a_wide_record_leaves_room_for_fewer() -> None:
    wide = np.random.default_rng(9).integers(0, 4, (400, 60)).astype(np.float64)
    matrix = np.hstack([wide, np.arange(400.0)[:, None] * 1000.0])
    columns = [Column(name=f"c{i}", field=f"c{i}", kind="code", values=4) for i in range(60)]
    columns.append(Column(name="at", field="at", kind="event_time"))
    detector = Repeats.fit(matrix, columns, 1)
    memory = detector.begin()
    assert 256 <= len(memory["records"]) < 2048
    assert sum(array.nbytes for array in memory.values()) < 100_000
    assert detector.fold(matrix[[5, 6, 5]], memory)[2, 0] > 10.0


def test_words_say_what_returned_and_what_was_not_compared() -> None:
    wordings = [Wording(Terms(COLUMNS, lambda field, code: code), str)]
    same, alike = (FITTED.reasons(RARE[None, :], i, np.ones(1), wordings)[0][0] for i in (0, 1))
    assert same.fields == alike.fields == ("at",)
    assert same.words == "the same as a record shortly before; at is not compared"
    assert alike.words == (
        "the same as a record shortly before but for one field; at is not compared"
    )


def test_fields_that_repeat_the_time_are_named_as_not_compared() -> None:
    matrix = np.hstack([rows(500, 7), np.empty((500, 1))])
    matrix[:, 9] = matrix[:, 7] * 2.0
    columns = [*COLUMNS, Column(name="reported", field="reported", kind="number")]
    wordings = [Wording(Terms(columns, lambda field, code: code), str)]
    detector = Repeats.fit(matrix, columns, 1)
    ((reason,),) = detector.reasons(matrix[:1], 0, np.ones(1), wordings)
    assert reason.words.endswith("; at and reported are not compared")
