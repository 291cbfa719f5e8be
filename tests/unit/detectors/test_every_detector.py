"""What every detector must do: these checks are the definition of one, beside its protocol."""

from collections.abc import Mapping, Sequence
from functools import cache, partial
from io import BytesIO
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from streamscore.detectors import Detector, Reason, Terms, Wording, detector_named, detector_names
from streamscore.errors import BundleError
from streamscore.features import Encoder
from streamscore.scoring import kept_memory
from streamscore.sources import Codec
from streamscore.sources.codec import Batch
from tests.minilm import MEANT_ORDERS, with_minilm
from tests.orders import ORDERS, encoded_orders, odd_orders, orders

SEED = 5
CODEC = Codec(MEANT_ORDERS)
HISTORY, FEWER = 800, 320
"""Records of the history; fewer where a language model reads each, at ten milliseconds a text."""

LATER = 120
EXPLAINED = [*range(LATER - 3, LATER), -1, *range(LATER, LATER + 3)]
"""Later records that are spoken of: usual ones and odd ones."""

REFUSALS = (BundleError, KeyError, TypeError, ValueError)
"""What a detector may raise of arrays that are not its own."""

Arrays = dict[str, NDArray[Any]]

every_detector = pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[with_minilm] if detector_named(name).plan.text_embeddings else [])
        for name in detector_names()
    ],
)


class Case(NamedTuple):
    """A detector fit on usual records, and later ones: first usual, then odd."""

    detector: Detector
    encoder: Encoder
    history: NDArray[np.float64]
    rows: NDArray[np.float64]
    later: Batch

    def begun(self) -> tuple[NDArray[np.float64], Arrays]:
        """Scores of the later rows, and what is remembered after them."""
        memory = self.detector.begin()
        return self.detector.fold(self.rows.copy(), memory), memory

    def reasons(self, places: Sequence[int], channel: int) -> list[list[Reason]]:
        """What is said of some of the later records, in their order."""
        vocabularies = self.encoder.learned.vocabularies
        terms = Terms(self.encoder.columns, lambda field, code: vocabularies[field][code])
        records = [self.later.records[place] for place in places]
        wordings = [Wording(terms, partial(CODEC.value_of, record)) for record in records]
        scores = self.begun()[0][places, channel]
        return self.detector.reasons(self.rows[places], channel, scores, wordings)


@cache
def case_of(name: str) -> Case:
    kind = detector_named(name)
    count = FEWER if kind.plan.text_embeddings else HISTORY
    usual = orders(LATER, first=count)
    past, later = (
        CODEC.read(encoded_orders(records))
        for records in (orders(count), usual + odd_orders(usual[-1]))
    )
    assert past.faults == later.faults == []
    encoder = Encoder.fit(CODEC, past.records, kind.plan)
    history, rows = (encoder.encode(b.records, b.utc_ms, b.local_ms) for b in (past, later))
    detector = kind.fit(history.copy(), encoder.columns, SEED)
    return Case(detector, encoder, history, rows, later)


def carried(arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """Arrays as they come out of a bundle's file."""
    file = BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    file.seek(0)
    with np.load(file, allow_pickle=False) as read:
        return {key: read[key] for key in read.files}


def scores_of(detector: Detector, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return detector.fold(rows.copy(), detector.begin())


@every_detector
def test_it_is_called_as_it_is_listed_and_gives_one_finite_score_a_channel(name: str) -> None:
    case = case_of(name)
    scores, _ = case.begun()
    channels = case.detector.channels
    assert case.detector.name == name
    assert len({channel.name for channel in channels}) == len(channels) >= 1
    assert all(channel.share > 0.0 for channel in channels)
    assert scores.dtype == np.float64
    assert scores.shape == (len(case.rows), len(channels))
    assert np.isfinite(scores).all()


@every_detector
def test_a_row_that_is_odd_in_its_way_scores_above_usual_ones_in_every_channel(name: str) -> None:
    scores, _ = case_of(name).begun()
    usual, odd = scores[:LATER], scores[LATER:]
    assert (odd.max(axis=0) > np.median(usual, axis=0)).all()


@every_detector
def test_what_it_is_given_stays_as_it_is(name: str) -> None:
    case = case_of(name)
    rows, kept, history = case.rows.copy(), case.rows.copy(), case.history.copy()
    type(case.detector).fit(history, case.encoder.columns, SEED)
    assert np.array_equal(history, case.history, equal_nan=True)
    case.detector.fold(rows, case.detector.begin())
    for channel in range(len(case.detector.channels)):
        case.detector.contributions(rows, channel)
        case.reasons([-1], channel)
    assert np.array_equal(rows, case.rows, equal_nan=True)
    assert np.array_equal(rows, kept, equal_nan=True)


@every_detector
def test_how_rows_are_cut_into_batches_changes_no_bit(name: str) -> None:
    case = case_of(name)
    scores, _ = case.begun()
    memory = case.detector.begin()
    parts, start = [], 0
    for size in (1, 1, 5, 60, 3, len(case.rows)):
        part = case.rows[start : start + size].copy()
        parts.append(case.detector.fold(part, memory))
        start += size
    assert np.array_equal(np.vstack(parts), scores)


@every_detector
def test_without_a_memory_a_row_scores_alike_in_any_company(name: str) -> None:
    case = case_of(name)
    if case.detector.has_memory:
        assert case.detector.begin() != {}
        return
    assert case.detector.begin() == {}
    scores, _ = case.begun()
    order = np.random.default_rng(SEED).permutation(len(case.rows))
    assert np.array_equal(scores_of(case.detector, case.rows[order]), scores[order])


@every_detector
def test_its_memory_is_bounded_and_goes_on_after_it_was_kept(name: str) -> None:
    case = case_of(name)
    scores, full = case.begun()
    half, begun = len(case.rows) - 6, case.detector.begin()
    sizes = {key: (array.dtype, array.shape) for key, array in begun.items()}
    assert {key: (array.dtype, array.shape) for key, array in full.items()} == sizes
    case.detector.fold(case.rows[:half].copy(), begun)
    kept = {key: array.restored() for key, array in kept_memory(begun).items()}
    rest = case.detector.fold(case.rows[half:].copy(), kept)
    assert np.array_equal(rest, scores[half:])


@every_detector
def test_the_same_seed_learns_the_same(name: str) -> None:
    case = case_of(name)
    again = type(case.detector).fit(case.history.copy(), case.encoder.columns, SEED)
    learned, relearned = case.detector.arrays(), again.arrays()
    assert learned.keys() == relearned.keys()
    for key, array in learned.items():
        assert np.array_equal(array, relearned[key], equal_nan=array.dtype.kind == "f"), key
    assert again.parameters() == case.detector.parameters()


@every_detector
def test_what_comes_out_of_a_bundle_scores_and_explains_as_what_went_in(name: str) -> None:
    case = case_of(name)
    parameters = msgspec.json.decode(msgspec.json.encode(case.detector.parameters()))
    arrays = carried(case.detector.arrays())
    assert all(array.dtype.kind in "biufSU" for array in arrays.values())
    restored = type(case.detector).restore(arrays, parameters)
    scores, _ = case.begun()
    assert restored.channels == case.detector.channels
    assert np.array_equal(scores_of(restored, case.rows), scores)
    for channel in range(len(restored.channels)):
        assert np.array_equal(
            restored.contributions(case.rows, channel),
            case.detector.contributions(case.rows, channel),
        )


@every_detector
def test_arrays_that_are_not_its_own_are_refused(name: str) -> None:
    case = case_of(name)
    kind, parameters = type(case.detector), case.detector.parameters()
    arrays = case.detector.arrays()
    for key, array in arrays.items():
        with pytest.raises(REFUSALS):
            kind.restore({k: a for k, a in arrays.items() if k != key}, parameters)
        with pytest.raises(REFUSALS):
            kind.restore(arrays | {key: array[None, ...]}, parameters)


@every_detector
def test_arrays_that_were_cut_or_point_elsewhere_crash_nothing(name: str) -> None:
    """Either they are refused, or rows still get finite scores."""
    case = case_of(name)
    for key, array in case.detector.arrays().items():
        spoiled = [array[:-1], array[..., :-1]] if array.ndim else []
        if array.dtype.kind != "f":
            spoiled.append(array.astype(np.float64) + 0.5 if array.dtype.kind in "iub" else array)
        if array.dtype.kind in "iu":
            largest = np.full_like(array, np.iinfo(array.dtype).max)
            spoiled += [largest, largest - 1, np.full_like(array, np.iinfo(array.dtype).min)]
        for other in spoiled:
            arrays = case.detector.arrays() | {key: other}
            try:
                restored = type(case.detector).restore(arrays, case.detector.parameters())
                scores = scores_of(restored, case.rows[-16:])
                for channel in range(len(restored.channels)):
                    restored.contributions(case.rows[-1:], channel)
            except REFUSALS:
                continue
            assert np.isfinite(scores).all(), key


@every_detector
def test_parameters_that_were_changed_crash_nothing(name: str) -> None:
    """Either they are refused, or rows still get finite scores."""
    case = case_of(name)
    parameters = case.detector.parameters()
    others: list[Any] = [-99, 10**10, "x", None, [], 0]
    for key in parameters:
        for other in others:
            try:
                changed = parameters | {key: other}
                restored = type(case.detector).restore(case.detector.arrays(), changed)
                scores = scores_of(restored, case.rows[-16:])
            except REFUSALS:
                continue
            assert np.isfinite(scores).all(), key


@every_detector
def test_unseen_missing_and_extreme_values_get_finite_scores(name: str) -> None:
    case = case_of(name)
    rows = np.repeat(case.rows[:1], 6, axis=0)
    for place, column in enumerate(case.encoder.columns):
        if column.kind == "code":
            rows[:2, place] = column.values, column.values + 1
        elif column.kind == "number":
            rows[:4, place] = np.nan, np.nan, 1e30, -1e30
        elif column.kind == "flag":
            rows[1:2, place] = np.nan
    some = np.random.default_rng(SEED).random(rows[4:].shape) < 0.5
    rows[4:] = np.where(some, rows[2:4], rows[4:])
    assert np.isfinite(scores_of(case.detector, rows)).all()
    for channel in range(len(case.detector.channels)):
        assert np.isfinite(case.detector.contributions(rows, channel)).all()


@every_detector
def test_a_history_that_says_little_is_learned_from_as_well(name: str) -> None:
    """A number that is never there, fields that never change, and rows all alike."""
    case = case_of(name)
    sparse, alike = case.history[:200].copy(), np.repeat(case.history[:1], 200, axis=0)
    for place, column in enumerate(case.encoder.columns):
        if column.kind in ("code", "flag"):
            sparse[:, place] = 0.0
        elif column.field == "amount":
            sparse[:, place] = np.nan
    for history in (sparse, alike):
        detector = type(case.detector).fit(history, case.encoder.columns, SEED)
        assert np.isfinite(scores_of(detector, case.rows)).all()


@every_detector
def test_it_says_how_much_each_column_contributed(name: str) -> None:
    case = case_of(name)
    for channel in range(len(case.detector.channels)):
        parts = case.detector.contributions(case.rows.copy(), channel)
        assert parts.dtype == np.float64
        assert parts.shape == case.rows.shape
        assert np.isfinite(parts).all()


@every_detector
def test_its_reasons_name_fields_and_their_shares_sum_to_one(name: str) -> None:
    case, known = case_of(name), set(ORDERS.fields)
    for channel in range(len(case.detector.channels)):
        for reasons in case.reasons(EXPLAINED, channel):
            assert sum(reason.share for reason in reasons) == pytest.approx(1.0)
            assert all(reason.share > 0.0 and reason.fields for reason in reasons)
            assert all(known.issuperset(reason.fields + reason.parents) for reason in reasons)


@every_detector
def test_what_it_says_of_a_row_does_not_depend_on_the_others(name: str) -> None:
    case = case_of(name)
    for channel in range(len(case.detector.channels)):
        together = case.reasons(EXPLAINED, channel)
        assert together == [case.reasons([place], channel)[0] for place in EXPLAINED]
