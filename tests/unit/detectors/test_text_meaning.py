"""Texts about something else, and numbers that contradict texts, from vectors made up here."""

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from streamscore.detectors import Terms, Wording
from streamscore.detectors.meaning_learning import prototypes_of, regress
from streamscore.detectors.recipes import fit_recipe, recipe_named
from streamscore.detectors.text_meaning import TextMeaning
from streamscore.errors import BundleError, UsageError
from streamscore.features import Column
from tests.naive.meaning import naive_likeness, naive_ridge

WIDTH = 12
TEXTS = ("title", "text")
COLUMNS = [
    Column(name="grade", field="grade", kind="number"),
    Column(name="is_new", field="is_new", kind="flag"),
    *(
        Column(name=f"{text}.meaning{i}", field=text, kind="text_embedding")
        for text in TEXTS
        for i in range(WIDTH)
    ),
]
OWN = slice(2 + WIDTH, 2 + 2 * WIDTH)
"""The columns of `text`."""


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    scaled: NDArray[np.float64] = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return scaled


def subjects(rng: np.random.Generator, count: int, spread: float = 0.1) -> NDArray[np.float64]:
    """Vectors near one of the first four axes."""
    return unit(np.eye(WIDTH)[rng.integers(0, 4, count)] + rng.normal(0.0, spread, (count, WIDTH)))


def history(count: int = 600, seed: int = 3) -> NDArray[np.float64]:
    """Grades that follow from the text alone; a flag that follows from nothing."""
    rng = np.random.default_rng(seed)
    title, text = subjects(rng, count), subjects(rng, count)
    grade = 3.0 + 2.0 * text[:, 0] - 2.0 * text[:, 1] + rng.normal(0.0, 0.1, count)
    return np.column_stack([grade, rng.random(count) < 0.5, title, text])


DETECTOR = TextMeaning.fit(history(), COLUMNS, 7)


def scores(rows: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    found = DETECTOR.fold(rows, DETECTOR.begin())
    return {one.name: own for one, own in zip(DETECTOR.channels, found.T, strict=True)}


def test_a_number_has_two_channels_where_it_follows_from_texts_and_none_otherwise() -> None:
    assert tuple(channel.name for channel in DETECTOR.channels) == (
        "subject of title",
        "subject of text",
        "grade above its texts",
        "grade below its texts",
    )


def test_a_text_about_something_else_scores_above_all_others() -> None:
    usual = history(200, seed=4)
    odd = usual[:1].copy()
    odd[0, OWN] = np.eye(WIDTH)[9]
    assert scores(odd)["subject of text"][0] > scores(usual)["subject of text"].max()
    assert scores(odd)["subject of title"] == scores(usual[:1])["subject of title"]


def test_a_number_scores_by_how_far_it_lies_above_or_below_what_its_texts_say() -> None:
    usual = history(200, seed=4)
    higher, lower = usual[:1].copy(), usual[:1].copy()
    higher[0, 0] += 2.0
    lower[0, 0] -= 2.0
    above, below = "grade above its texts", "grade below its texts"
    assert scores(higher)[above][0] == pytest.approx(scores(usual)[above][0] + 2.0)
    assert scores(lower)[below][0] > scores(usual)[below].max()
    assert np.array_equal(scores(usual)[above], -scores(usual)[below])


def test_a_missing_number_and_a_record_without_texts_are_as_usual() -> None:
    rows = history(2, seed=4)
    rows[0, 0] = np.nan
    rows[1, 2:] = 0.0
    found = scores(rows)
    assert found["grade above its texts"].tolist() == [0.0, 0.0]
    assert found["subject of text"][1] == found["subject of title"][1] == 0.0


def test_scores_agree_with_plain_numpy() -> None:
    rows, arrays = history(50, seed=5), DETECTOR.arrays()
    prototypes, bounds = arrays["prototypes"], arrays["bounds"]
    found = scores(rows)
    for place, text in enumerate(TEXTS):
        own = rows[:, 2 + place * WIDTH : 2 + (place + 1) * WIDTH]
        near = prototypes[bounds[place] : bounds[place + 1]]
        likeness = [naive_likeness(vector, near) for vector in own]
        np.testing.assert_allclose(found[f"subject of {text}"], 1.0 - np.array(likeness), atol=1e-9)
    predicted = arrays["means"][0] + (rows[:, 2:] - arrays["centers"][0]) @ arrays["weights"][0]
    np.testing.assert_allclose(found["grade above its texts"], rows[:, 0] - predicted, atol=1e-9)


def test_a_ridge_agrees_with_least_squares_over_the_augmented_system() -> None:
    past = history(400, seed=6)
    rows, values = past[:, 2:], past[:, 0]
    regression = regress(rows, values)
    assert regression is not None
    expected = [naive_ridge(rows, values, penalty) for penalty in (1.0, 3.0, 10.0, 30.0, 100.0)]
    apart = [float(np.abs(regression.of(rows) - one).max()) for one in expected]
    assert min(apart) < 1e-9


def test_nothing_is_predicted_of_too_few_records_or_of_a_number_that_never_changes() -> None:
    past = history(400, seed=6)
    rows, values = past[:, 2:], past[:, 0]
    assert regress(rows[:150], values[:150]) is None
    assert regress(rows, np.where(np.arange(400) < 150, values, np.nan)) is None
    assert regress(rows, np.ones(400)) is None
    assert regress(rows, np.random.default_rng(1).normal(size=400)) is None


def test_prototypes_lie_where_texts_do_and_none_is_a_single_text() -> None:
    rng = np.random.default_rng(2)
    stray = np.eye(WIDTH)[10]
    vectors = np.vstack([subjects(rng, 300, spread=0.03), stray, np.zeros((5, WIDTH))])
    found = prototypes_of(vectors, 1)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-6)
    assert (found[:, :4].max(axis=1) > 0.9).all()
    assert set(found[:, :4].argmax(axis=1)) == {0, 1, 2, 3}
    assert prototypes_of(np.zeros((4, WIDTH)), 1).shape == (0, WIDTH)


def test_reasons_say_what_a_text_is_unlike_and_what_a_number_contradicts() -> None:
    row = history(1, seed=4)
    row[0, 0], row[0, OWN] = 9.0, np.eye(WIDTH)[9]
    found = DETECTOR.fold(row, {})[0]
    wordings = [Wording(Terms(COLUMNS, lambda field, code: None), lambda field: 9.0)]
    ((about,),) = DETECTOR.reasons(row, 1, found[1:2], wordings)
    assert about.fields == ("text",)
    assert about.words.startswith("text is about something else: likeness ")
    ((against,),) = DETECTOR.reasons(row, 2, found[2:3], wordings)
    assert against.fields == ("grade", "title", "text")
    assert against.words.startswith("grade is 9; title and text mean ")


def test_what_a_residual_is_made_of_adds_up_to_it() -> None:
    rows = history(20, seed=8)
    parts = DETECTOR.contributions(rows, 3)
    np.testing.assert_allclose(parts.sum(axis=1), scores(rows)["grade below its texts"], atol=1e-9)


def test_places_beyond_a_row_are_refused() -> None:
    arrays, parameters = DETECTOR.arrays(), DETECTOR.parameters()
    for name, spoiled in (
        ("starts", arrays["starts"] + 1),
        ("numbers", arrays["numbers"] - 1),
        ("bounds", arrays["bounds"][::-1].copy()),
        ("weights", arrays["weights"][:, 1:]),
        ("prototypes", arrays["prototypes"].astype(np.int64)),
    ):
        with pytest.raises(BundleError, match="text-meaning of 2 texts and 1 numbers"):
            TextMeaning.restore(arrays | {name: spoiled}, parameters)
    with pytest.raises(ValueError, match="reads 26 columns; got rows of 25"):
        DETECTOR.fold(history(2)[:, :-1], {})


def test_without_vectors_of_texts_it_is_left_out_of_a_recipe_and_alone_refused() -> None:
    past = history()
    plain = [msgspec.structs.replace(c, kind="text_hash") for c in COLUMNS]
    assert TextMeaning.plan.is_met_by(COLUMNS)
    assert not TextMeaning.plan.is_met_by(plain)
    with pytest.raises(UsageError, match='vectors of texts \\(embedding = "minilm"\\)'):
        fit_recipe(recipe_named("text-meaning"), past, past, plain, 1)
