"""Each way of being odd has a tail of its own, and says in words what is odd."""

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from streamscore.bundle import Trained, make_bundle, read_bundle, write_bundle
from streamscore.detectors import Terms, Wording
from streamscore.detectors.combination import Combination
from streamscore.detectors.feature_tails import FeatureTails
from streamscore.detectors.recipes import fit_recipe, recipe_named
from streamscore.errors import HistoryError
from streamscore.features import Column, Encoder
from streamscore.sources import Codec
from streamscore.sources.codec import Record
from tests.orders import ORDERS, encoded_orders, orders

CODEC = Codec(ORDERS)
RECIPE = recipe_named("feature-tails")
HISTORY = 900
USUAL = orders(1, first=5000)[0]
GOOD_NOTE = "the parcel came on monday lovely great perfect"


class Case(NamedTuple):
    encoder: Encoder
    detectors: Combination

    def rows(self, records: list[dict[str, Any]]) -> tuple[list[Record], NDArray[np.float64]]:
        read = CODEC.read(encoded_orders(records))
        return read.records, self.encoder.encode(read.records, read.utc_ms, read.local_ms)

    def channels(self, change: dict[str, Any]) -> dict[str, float]:
        """How seldom usual records are as odd as a changed one, by channel: -ln of their share."""
        _, rows = self.rows([USUAL | change])
        scores = self.detectors.fold(rows, self.detectors.begin())
        (member,) = self.detectors.members
        names = [channel.name for channel in member.detector.channels]
        return {
            name: float(tail.of(scores[:, i])[0])
            for i, (name, tail) in enumerate(zip(names, member.tails, strict=True))
        }

    def words(self, change: dict[str, Any], channel: str = "") -> tuple[tuple[str, ...], str]:
        """The fields and the words of the first reason for a changed record, or of a channel's."""
        (record,), rows = self.rows([USUAL | change])
        scores = self.detectors.fold(rows, self.detectors.begin())
        vocabularies = self.encoder.learned.vocabularies
        terms = Terms(self.encoder.columns, lambda field, code: vocabularies[field][code])
        wording = Wording(terms, lambda field: CODEC.value_of(record, field))
        (member,) = self.detectors.members
        if channel:
            number = [one.name for one in member.detector.channels].index(channel)
            own = [wording.of(member.terms(terms))]
            row = member.rows(rows)
            ((first, *_),) = member.detector.reasons(row, number, scores[:, number], own)
        else:
            ((first, *_),) = self.detectors.reasons(rows, scores, [wording])
        return first.fields, first.words


@cache
def case() -> Case:
    past, later = (
        CODEC.read(encoded_orders(orders(n, first=f))) for n, f in ((900, 0), (300, 900))
    )
    encoder = Encoder.fit(CODEC, past.records, RECIPE.plan)
    history, held_back = (encoder.encode(b.records, b.utc_ms, b.local_ms) for b in (past, later))
    return Case(encoder, fit_recipe(RECIPE, history, held_back, encoder.columns, 1))


def test_channels_follow_from_the_roles_of_fields_and_from_the_history() -> None:
    names = set(case().channels({}))
    assert {"rating.above.note", "rating.below.note", "strange", "upper", "short", "links"} <= names
    assert "items_new.high" in names
    assert not any(name.startswith(("rating.high", "rating.low", "country")) for name in names)


@pytest.mark.parametrize(
    ("change", "channel"),
    [
        (
            {"rating": 5, "note": "the parcel came broken awful refund terrible"},
            "rating.above.note",
        ),
        ({"rating": 1, "note": GOOD_NOTE}, "rating.below.note"),
        ({"note": "qxz vvkpw zzjq xkcdw qqpzt"}, "strange"),
        ({"note": "THE PARCEL CAME ON MONDAY WITH ALL"}, "upper"),
        ({"note": ""}, "short"),
        ({"note": f"{GOOD_NOTE} http://win.example"}, "links"),
        ({"note": f"{GOOD_NOTE} xkcd-outlet.example"}, "links"),
        ({"note": f"{GOOD_NOTE} call (555) 010-9999"}, "number"),
        ({"note": "late late late late late late late"}, "repeats"),
        ({"items_new": 400}, "items_new.high"),
    ],
)
def test_what_is_odd_in_one_way_is_rare_in_the_channel_of_that_way(
    change: dict[str, Any], channel: str
) -> None:
    assert case().channels(change)[channel] > np.log(100.0)


def test_reasons_tell_what_is_seen_and_what_is_usual_and_quote_no_text() -> None:
    words = case().words
    fields, said = words({"rating": 1, "note": GOOD_NOTE})
    assert fields == ("rating", "note")
    assert said.startswith("rating is 1; its note reads like 4")
    fields, said = words({"note": "qxz vvkpw zzjq xkcdw qqpzt"})
    assert fields == ("note",)
    assert said.startswith("note")
    assert "qxz" not in said
    assert words({"note": ""})[1] == "note is empty"
    assert words({"note": GOOD_NOTE.upper()}, "upper")[1] == "note has 85% capitals; 99% have none"
    assert words({"items_new": 400})[1].startswith("items_new is 400; 99% have at most")
    assert words({"note": "www.a.b"}, "links")[1] == "note has a web address; 99% have none"
    assert words({"note": "came.monday"}, "links")[1].startswith("note has what may be a web addre")
    assert words({"note": "no no no"}, "repeats")[1].startswith("note has a word 3 times in a row;")
    assert words({"note": "55-1234"}, "number")[1].startswith("note has a number of 6 digits; 99%")
    assert words({"note": "xyz abc"}, "strange")[1] == "note has no word that was seen before"


def test_a_bundle_carries_what_was_learned_of_texts(tmp_path: Path) -> None:
    trained = Trained(
        first_event_time="a", last_event_time="b", fit_rows=9, calibration_rows=1, seed=1
    )
    bundle = make_bundle(CODEC, case().encoder, RECIPE.name, case().detectors, np.ones(1), trained)
    write_bundle(bundle, tmp_path)
    again = read_bundle(tmp_path)
    restored = Case(again.encoder(CODEC), again.detectors())
    records = orders(40, first=7000)
    (_, rows), (_, same) = (one.rows(records) for one in (case(), restored))
    np.testing.assert_array_equal(rows, same)
    np.testing.assert_array_equal(
        case().detectors.fold(rows, {}), restored.detectors.fold(same, {})
    )
    assert restored.words({"note": ""}) == case().words({"note": ""})


def test_a_history_without_texts_and_with_constant_numbers_has_no_tails() -> None:
    column = Column(name="n", field="n", kind="number")
    with pytest.raises(HistoryError, match="feature-tails needs"):
        FeatureTails.fit(np.ones((50, 1)), [column], 1)


def test_a_heavy_number_is_measured_by_its_logarithm_and_a_common_extreme_is_no_tail() -> None:
    rng = np.random.default_rng(1)
    columns = [Column(name=n, field=n, kind="number") for n in ("votes", "height", "grade")]
    votes, height = np.floor(rng.pareto(1.0, 3000)), rng.normal(170.0, 9.0, 3000)
    grades = rng.integers(1, 6, 3000).astype(float)
    found = FeatureTails.fit(np.stack([votes, height, grades], axis=1), columns, 1)
    assert tuple(one.name for one in found.channels) == ("height.high", "height.low", "votes.high")
    far = np.array([[np.expm1(9.0), 170.0, 5.0], [np.expm1(6.0), 170.0, 5.0]])
    scores = found.fold(far, {})[:, 2]
    usual = found.fold(np.array([[0.0, 170.0, 5.0]]), {})[0, 2]
    assert (scores[0] - usual) / (scores[1] - usual) == pytest.approx(9.0 / 6.0)
    missing = found.fold(np.full((1, 3), np.nan), {})
    assert missing.tolist() == [[0.0, 0.0, 0.0]]


def test_parameters_are_plain_values() -> None:
    (member,) = case().detectors.members
    assert msgspec.json.decode(msgspec.json.encode(member.detector.parameters()))
