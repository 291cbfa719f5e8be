"""Recipes name the detectors of a model and what each counts for, and can be joined."""

from collections.abc import Sequence

import numpy as np
import pytest

from streamscore.detectors.combination import Member
from streamscore.detectors.recipes import RECIPES, Recipe, fit_recipe, is_recipe, recipe_named
from streamscore.errors import UsageError
from streamscore.features import Encoder
from streamscore.sources import Codec
from tests.orders import ORDERS, encoded_orders, orders

CODEC = Codec(ORDERS)
JOINED = recipe_named("categorical+text")


def fitted(recipe: Recipe) -> Sequence[Member]:
    """What a recipe makes of 400 orders to learn from, and 200 later ones."""
    past = CODEC.read(encoded_orders(orders(600)))
    encoder = Encoder.fit(CODEC, past.records, recipe.plan)
    matrix = encoder.encode(past.records, past.utc_ms, past.local_ms)
    return fit_recipe(recipe, matrix[:400], matrix[400:], encoder.columns, 1).members


def test_each_recipe_of_a_joined_one_has_as_much_of_the_budget() -> None:
    members = fitted(JOINED)
    of_text = [one for one in members if one.detector.name in ("feature-tails", "repeated-texts")]
    assert len(of_text) == 2
    assert sum(float(one.weights.sum()) for one in of_text) == pytest.approx(0.5)
    assert np.concatenate([one.weights for one in members]).sum() == pytest.approx(1.0)


def test_a_channel_counts_for_the_share_that_its_recipe_and_its_detector_give_it() -> None:
    recipe = recipe_named("text")
    members, given = fitted(recipe), dict(recipe.members)
    expected = [
        np.array([channel.share for channel in one.detector.channels]) * given[one.detector.name]
        for one in members
    ]
    total = sum(float(one.sum()) for one in expected)
    for one, shares in zip(members, expected, strict=True):
        assert one.weights == pytest.approx(shares / total), one.detector.name


def test_what_is_learned_is_judged_by_later_rows_and_what_is_counted_by_all() -> None:
    (tails,) = [one for one in fitted(recipe_named("text")) if one.detector.name == "feature-tails"]
    limits = {
        channel.name: round(float(np.exp(tail.limit)))
        for channel, tail in zip(tails.detector.channels, tails.tails, strict=True)
    }
    assert limits["short"] == limits["upper"] == 601
    assert limits["strange"] == limits["rating.above.note"] == 201


def test_a_detector_that_two_recipes_name_is_there_once() -> None:
    names = [name for part in JOINED.parts for name, _ in part]
    assert len(set(names)) == len(names)
    assert {"dependency-network", "stray-times", "feature-tails"} <= set(names)


def test_only_recipes_and_detectors_of_the_stream_can_be_joined() -> None:
    assert is_recipe("isolation-forest+repeats")
    assert not is_recipe("categorical+pyod-ecod")
    with pytest.raises(UsageError, match="a detector is one of"):
        recipe_named("categorical+")


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_finds_records_that_come_again_and_times_that_stray(name: str) -> None:
    recipe, usual = recipe_named(name), orders(3000)
    again = usual[2990] | {"order": "again", "placed_at": usual[-1]["placed_at"]}
    late = usual[-1] | {"placed_at": usual[-1]["placed_at"] - 90 * 86_400_000}
    past = CODEC.read(encoded_orders([*usual, again, late]))
    encoder = Encoder.fit(CODEC, past.records[:1500], recipe.plan)
    matrix = encoder.encode(past.records, past.utc_ms, past.local_ms)
    combination = fit_recipe(recipe, matrix[:1500], matrix[1500:2500], encoder.columns, 1)
    memory = combination.begin()
    combination.fold(matrix[:2500], memory)
    *ordinary, of_again, of_late = combination.score(combination.fold(matrix[2500:], memory))
    assert min(of_again, of_late) > np.quantile(ordinary, 0.98)
