"""Recipes: which detectors make up a model, and which recipe fits a source."""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streamscore.detectors.combination import Combination, Member
from streamscore.detectors.detector import Detector, Matrix
from streamscore.detectors.names import detector_named, detector_names
from streamscore.detectors.passing_time import growing
from streamscore.detectors.tail import Tail, fit_tail
from streamscore.errors import UsageError
from streamscore.features import Column, ColumnPlan

_JUDGE_GROWTH = ("invariants", "repeats")
"""Detectors that are given numbers that only grow, and know what to make of them."""

_REMEMBERED = 4096
"""As many records fill every memory."""


class Recipe(Struct, frozen=True, kw_only=True):
    """What a model is made of.

    Attributes
    ----------
    name : str
        Its name on the command line.
    members : tuple of (str, float or tuple of float)
        Detectors, each with the share of the alarm budget that each of its channels gets, or one
        share a channel; that times the channel's own `share`. Shares need not sum to 1. Detectors
        for whose columns a source has no field are left out.
    also : tuple of Recipe
        Recipes that are joined to it. Each, and what comes before them, has as much of the budget
        in all; a detector that two of them name is the first one's.
    """

    name: str
    members: tuple[tuple[str, float | tuple[float, ...]], ...]
    also: "tuple[Recipe, ...]" = ()

    @property
    def plan(self) -> ColumnPlan:
        """The columns that its detectors want."""
        plans = [detector_named(name).plan for name, _ in self.members]
        return reduce(or_, [*plans, *(one.plan for one in self.also)])

    @property
    def parts(self) -> list[list[tuple[str, float | tuple[float, ...]]]]:
        """The members of each of the recipes that are joined, every detector once."""
        found: list[list[tuple[str, float | tuple[float, ...]]]] = []
        for recipe in (self, *self.also):
            taken = {name for part in found for name, _ in part}
            found.append([member for member in recipe.members if member[0] not in taken])
        return found


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="categorical",
            members=(
                ("dependency-network", (1.0, 1.0, 0.3)),
                ("pair-surprise", 0.5),
                ("invariants", 1.0),
                ("sentinel-count", 0.3),
                ("repeats", (0.3, 0.1)),
                ("stray-times", 0.3),
            ),
        ),
        Recipe(
            name="text",
            members=(
                ("feature-tails", 1.0),
                ("text-meaning", 1.0),  # where the source asks for vectors
                ("repeated-texts", 1.0),
                ("repeats", (0.3, 0.1)),
                ("stray-times", 0.1),
            ),
        ),
        Recipe(
            name="continuous",
            members=(
                ("nearest-neighbours", 2.0),
                ("isolation-forest", 1.0),
                ("autoencoder", 1.0),
                ("dependency-network", 0.3),
                ("invariants", 1.0),
                ("repeats", (0.3, 0.1)),
                ("stray-times", 0.3),
            ),
        ),
        Recipe(
            name="dirty",
            members=(
                ("isolation-forest", 1.0),
                ("sparse-neighbours", 1.0),
                ("autoencoder", 1.0),
                ("repeats", (0.1, 0.03)),
                ("stray-times", 0.1),
            ),
        ),
    )
}
"""Name -> recipe; a detector's own name is a recipe of that detector alone."""


def recipe_names() -> tuple[str, ...]:
    """Names of all recipes: the combinations, then single detectors."""
    return (*RECIPES, *detector_names())


def is_recipe(name: str) -> bool:
    """Tell whether there is a recipe of that name, or of all that it joins by `+`."""
    return set(recipe_names()).issuperset(name.split("+"))


def recipe_named(name: str) -> Recipe:
    """Return the recipe of that name; `a+b` joins two.

    Raises
    ------
    UsageError
        When there is none.

    Examples
    --------
    >>> [name for part in recipe_named("text+stray-times").parts for name, _ in part][-1]
    'stray-times'
    """
    if "+" in name:
        first, *others = [recipe_named(part) for part in name.split("+")]
        return Recipe(name=name, members=first.members, also=tuple(others))
    if name in RECIPES:
        return RECIPES[name]
    if name not in recipe_names():
        raise UsageError(f"a detector is one of {', '.join(recipe_names())}; got {name!r}")
    return Recipe(name=name, members=((name, 1.0),))


def fit_recipe(
    recipe: Recipe, matrix: Matrix, held_back: Matrix, columns: Sequence[Column], seed: int
) -> Combination:
    """Fit the detectors of a recipe, and their tails.

    Parameters
    ----------
    recipe : Recipe
        What to fit. One of a single detector with a single channel needs no tail.
    matrix : float64 array of shape (n, d)
        The history to learn from, in order of time.
    held_back : float64 array of shape (m, d)
        Later rows, by which the tails are learned: those of rows that a detector was fit on are
        too short.
    columns : sequence of Column
        What the columns are.
    seed : int
        Decides every random choice.

    Raises
    ------
    UsageError
        When the source has nothing that any of the detectors looks at.
    """
    is_growing = growing(matrix, columns)
    parts = [_fit_part(part, matrix, columns, is_growing, seed) for part in recipe.parts]
    fitted = [one for part in parts for one in part]
    if not fitted:
        raise UsageError(
            f"{recipe.name} needs fields that the source does not have, or vectors of texts "
            '(embedding = "minilm") that it does not ask for. Choose another detector'
        )
    if len(fitted) == 1 and len(fitted[0].detector.channels) == 1:
        return Combination([Member(fitted[0].detector, fitted[0].places, np.ones(1), ())])
    members = []
    for part in filter(None, parts):
        total = sum(float(one.shares.sum()) for one in part) * sum(map(bool, parts))
        for detector, places, shares in part:
            tails = _tails(detector, matrix[:, places], held_back[:, places])
            members.append(Member(detector, places, shares / total, tails))
    return Combination(members)


class _Fitted(NamedTuple):
    """A detector, the places of its columns, and what its channels count for in their part."""

    detector: Detector
    places: NDArray[np.int64]
    shares: NDArray[np.float64]


def _fit_part(
    part: Sequence[tuple[str, float | tuple[float, ...]]],
    matrix: Matrix,
    columns: Sequence[Column],
    is_growing: NDArray[np.bool_],
    seed: int,
) -> list[_Fitted]:
    found = []
    for name, share in part:
        kind = detector_named(name)
        wanted = np.array([kind.plan.wants(column) for column in columns], np.bool_)
        if name not in _JUDGE_GROWTH:
            wanted &= ~is_growing
        places = np.flatnonzero(wanted).astype(np.int64)
        own_columns = [columns[place] for place in places.tolist()]
        if kind.plan.is_met_by(own_columns):
            detector = kind.fit(np.take(matrix, places, axis=1), own_columns, seed)
            own = np.array([channel.share for channel in detector.channels])
            found.append(_Fitted(detector, places, own * np.asarray(share, np.float64)))
    return found


def _tails(detector: Detector, rows: Matrix, held_back: Matrix) -> list[Tail]:
    """Learn the tails of a detector's channels: of plain ones from all rows, from more at least."""
    later = _scores_held_back(detector, rows, held_back)
    is_plain = [channel.is_plain for channel in detector.channels]
    if not any(is_plain):
        return [fit_tail(scores) for scores in later.T]
    every = np.vstack([detector.fold(np.ascontiguousarray(rows), detector.begin()), later])
    return [
        fit_tail((every if plain else later)[:, channel]) for channel, plain in enumerate(is_plain)
    ]


def _scores_held_back(detector: Detector, rows: Matrix, held_back: Matrix) -> NDArray[np.float64]:
    """Score rows as they would be on the stream: a memory is full of those before them."""
    memory = detector.begin()
    if detector.has_memory:
        detector.fold(np.ascontiguousarray(rows[-_REMEMBERED:]), memory)
    return detector.fold(np.ascontiguousarray(held_back), memory)
