"""Every detector that can be named: those that score the stream, and those that are compared."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Literal

from msgspec import Struct

from streamscore.detectors.names import detector_named
from streamscore.detectors.recipes import RECIPES, is_recipe, recipe_names
from streamscore.errors import UsageError
from streamscore.sources import Source
from trainer.compared.names import COMPARED, compared_names

TEXT = "text"
"""The recipe for records with texts."""

_CLOSE = 3
"""How many names that are like a mistaken one are shown first."""

_PURPOSES = {
    "categorical": "records of categories and small whole numbers",
    "continuous": "records of numbers that are measured",
    "dirty": "a history that is known to hold anomalies",
    "text": "records with texts, such as reviews",
    "autoencoder": "numbers that rise and fall together; fast",
    "dependency-network": "categories and small numbers that do not go together",
    "feature-tails": "texts and ratings, each measure judged by its own tail",
    "invariants": "sums, products and equalities that the history always keeps",
    "isolation-forest": "few random cuts set it apart; a history that is known to be dirty",
    "local-outlier-factor": "thinner than around its neighbours; groups of unequal density",
    "nearest-neighbours": "far from whatever the history holds; numbers",
    "pair-surprise": "two values that hardly ever meet, though each is common",
    "repeated-texts": "one text again and again",
    "repeats": "records that come again, equal but for time and identifier",
    "sentinel-count": "many fields that say UNKNOWN or its like",
    "sparse-neighbours": "far from a few reference rows; a history with anomalies that are alike",
    "stray-times": "an event time far from those that arrive around it",
    "text-meaning": "texts about something else, and numbers that contradict them; needs vectors",
    "unseen-count": "values that the history never held",
}
"""What recipes and detectors of the stream are good for; others are told by what they are."""


class NamedDetector(Struct, frozen=True, kw_only=True):
    """A detector as it is listed.

    Attributes
    ----------
    name : str
        Its name on the command line.
    use : {"stream", "compare"}
        Whether it scores the stream, or is compared and not promoted.
    good_for : str
        What it is good for, in a line.
    needs : str
        The extra that it needs; empty for none.
    """

    name: str
    use: Literal["stream", "compare"]
    good_for: str
    needs: str = ""


def named_detectors() -> list[NamedDetector]:
    """List every detector that can be named, those that score the stream first."""
    stream = [NamedDetector(name=n, use="stream", good_for=_purpose(n)) for n in recipe_names()]
    compared = [
        NamedDetector(name=one.name, use="compare", good_for=one.good_for, needs=one.extra)
        for one in COMPARED.values()
    ]
    return [*stream, *compared]


def is_compared(name: str) -> bool:
    """Tell whether a detector is compared and not promoted.

    Raises
    ------
    UsageError
        When there is none of that name; the message names those that there are, like ones first.

    Examples
    --------
    >>> is_compared("pyod-ecod"), is_compared("isolation-forest")
    (True, False)
    """
    if is_recipe(name):
        return False
    if name in COMPARED:
        return True
    every = [*recipe_names(), *compared_names()]
    # People leave the library's name out.
    short = {one.partition("-")[2]: one for one in compared_names()}
    like = [short.get(one, one) for one in get_close_matches(name, [*every, *short], _CLOSE)]
    guess = f" Did you mean {' or '.join(dict.fromkeys(like))}?" if like else ""
    raise UsageError(
        f"a detector must be one of those listed; received {name!r}.{guess}\n"
        f"  They score the stream: {', '.join(recipe_names())}.\n"
        f"  They are compared and not promoted: {', '.join(compared_names())}.\n"
        "  Those that score the stream can be joined, as in categorical+text.\n"
        "  `streamscore detectors` says what each is good for"
    )


def check_fits(name: str | None, source: Source) -> None:
    """Check that a recipe that is named is meant for such a source.

    Parameters
    ----------
    name : str or None
        A recipe or a detector; None is what fits the source.
    source : Source
        What would be learned from.

    Raises
    ------
    UsageError
        When hardly anything of the recipe would be left.
    """
    if name is not None and TEXT in name.split("+") and not source.with_role("text"):
        raise UsageError(
            f"the recipe {TEXT} is for records with texts; received {source.name}, which has no "
            "field of the role text. Leave --detector out to train what fits the source"
        )


def _purpose(name: str) -> str:
    if name in _PURPOSES:
        return _PURPOSES[name]
    if name in RECIPES:
        return f"combines {', '.join(member for member, _ in RECIPES[name].members)}"
    lines = (detector_named(name).__doc__ or "").strip().splitlines()
    return lines[0].rstrip(".") if lines else ""
