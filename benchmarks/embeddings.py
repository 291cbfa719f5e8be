"""What the vectors of a language model find in reviews that hashed words do not, and their cost.

Three kinds of anomaly that are about what a text means, each at 1% prevalence, in the reviews of
`detection_reviews`: a text of another category (where the real ones are at hand), a rating above
its text, and one below. The detector `text-meaning` reads vectors of either sort, each 384 numbers
a text; and the recipe for texts is compared with and without them. Beside them, how many texts a
second become vectors on one thread.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks._detection import (
    SEEDS,
    Answer,
    Question,
    answer,
    options_parser,
    print_answers,
    recipe_or,
)
from benchmarks._verdict import Bar, conclude
from benchmarks.detection_reviews import own_budget, review_kinds, reviews_history, reviews_question
from streamscore.detectors.recipes import fit_recipe, recipe_named
from streamscore.errors import UsageError
from streamscore.evaluation.contender import Clock, Performance
from streamscore.evaluation.recipe_contender import FittedRecipe, RecipeContender
from streamscore.evaluation.task import Task
from streamscore.features import Encoder
from streamscore.features.columns import planned
from streamscore.features.minilm import DIMENSIONS, MOST_REMEMBERED, load_minilm, require_embedding
from streamscore.features.text import STATISTICS, bytes_of, encode_texts
from streamscore.features.text_vectors import TextVectors
from streamscore.sources import Codec, Source
from trainer.history import History

_KINDS = ("other_category", "rating_up", "rating_down")
_DETECTOR = "text-meaning"
_HASHED = planned(scalars=True, text_dimensions=DIMENSIONS)
_TIMED_TEXTS = 300

BARS = (
    Bar("other_category_auroc_gain", 0.05),
    Bar("opposed_recall_gain", 0.0),
    Bar("minilm_texts_a_second", 20.0),
)
"""On the real reviews. The gains are of `text-meaning` over the same detector on hashed words."""


class HashedMeaning:
    """The detector of meaning over hashed words, for comparison.

    Attributes
    ----------
    name : str
        Its name in tables.
    """

    name = f"{_DETECTOR}, hash"

    def compete(self, task: Task, seed: int, clock: Clock) -> Performance:
        """Learn, and score all that the task asks for."""
        encoder = Encoder.fit(task.codec, task.train.records, _HASHED)
        train, later = (
            encoder.encode(rows.records, rows.utc_ms, rows.local_ms)
            for rows in (task.train, task.calibrate)
        )
        columns = [
            msgspec.structs.replace(column, kind="text_embedding")
            if column.kind == "text_hash"
            else column
            for column in encoder.columns
        ]
        fitted = fit_recipe(recipe_named(_DETECTOR), train, later, columns, seed)
        return FittedRecipe(self.name, task, encoder, fitted, train, later, seed).perform(clock)


class NamedRecipe(RecipeContender):
    """A recipe under a name that says which embedding it reads."""

    def __init__(self, recipe: str, embedding: str) -> None:
        super().__init__(recipe)
        self.name = f"{recipe}, {embedding}"


class Pace(NamedTuple):
    """How many texts a second become vectors, by what makes them."""

    hash: float
    minilm: float
    remembered: float


def missing_extra(source: Source) -> str | None:
    """Say what a source's embedding lacks, or nothing where it can be had."""
    try:
        require_embedding(source)
    except UsageError as error:
        return str(error)
    return None


def meant(asked: Question) -> Question:
    """Return the question with vectors of the language model."""
    source = msgspec.structs.replace(asked.task.codec.source, embedding="minilm")
    return asked._replace(task=msgspec.structs.replace(asked.task, codec=Codec(source)))


def pace(history: History, codec: Codec) -> Pace:
    """Measure on the latest different texts, none of which was seen before."""
    each = [codec.values_of(history.records, name) for name in codec.source.with_role("text")]
    of_records = reversed(list(zip(*each, strict=True)))
    found = dict.fromkeys(text for texts in of_records for text in texts if text)
    texts = list(islice(found, _TIMED_TEXTS))
    vectors, out = TextVectors(load_minilm().vector, MOST_REMEMBERED), np.empty((len(texts), 384))
    hashed = np.empty((len(texts), STATISTICS + DIMENSIONS))
    encode_texts(bytes_of(texts), DIMENSIONS, hashed)  # compiled
    load_minilm().vector(texts[0])
    return Pace(
        hash=_a_second(texts, lambda: encode_texts(bytes_of(texts), DIMENSIONS, hashed)),
        minilm=_a_second(texts, lambda: vectors.write(texts, out)),
        remembered=_a_second(texts, lambda: vectors.write(texts, out)),
    )


def _a_second(texts: Sequence[str], run: Callable[[], None]) -> float:
    # One thread's own time, whatever else the machine does.
    started = time.process_time()
    run()
    return len(texts) / (time.process_time() - started)


def figures(hashed: Answer, minilm: Answer, texts: Pace) -> dict[str, float]:
    """Return the figures."""
    found = {f"{name}_texts_a_second": rate for name, rate in texts._asdict().items()}
    recalls: dict[str, list[float]] = {"hash": [], "minilm": []}
    for name, one in (("hash", hashed), ("minilm", minilm)):
        for kind, result in one.own.kinds.items():
            found[f"{name}_{kind}_auroc"] = result.measures.auroc
            found[f"{name}_{kind}_recall_at_own_budget"] = own_budget(one.own, kind)[1]
            if kind != "other_category":
                recalls[name].append(own_budget(one.own, kind)[1])
    other = [found.get(f"{name}_other_category_auroc") for name in ("minilm", "hash")]
    if other[0] is not None and other[1] is not None:
        found["other_category_auroc_gain"] = other[0] - other[1]
    found["opposed_recall_gain"] = float(np.mean(recalls["minilm"]) - np.mean(recalls["hash"]))
    return found


def main(arguments: list[str]) -> int:
    """Run the benchmark; 0 where every bar is met, or there is nothing to compare."""
    options = _parsed(arguments)
    seeds, history = SEEDS[: options.seeds], reviews_history(options.shared)
    every = review_kinds(options.shared)
    kinds = {name: every[name] for name in _KINDS if name in every}
    asked = reviews_question(history, kinds, seeds)
    with_vectors = meant(asked)
    if (missing := missing_extra(with_vectors.task.codec.source)) is not None:
        print(f"Nothing to compare: {missing}.")
        return conclude("embeddings", {}, ())
    recipe = recipe_or("text", _DETECTOR)
    hashed = answer(asked, HashedMeaning())
    minilm = answer(with_vectors, NamedRecipe(_DETECTOR, "minilm"))
    answers = [hashed, minilm]
    if recipe != _DETECTOR:
        answers.append(answer(asked, NamedRecipe(recipe, "hash")))
        answers.append(answer(with_vectors, NamedRecipe(recipe, "minilm")))
    print_answers(asked, answers, markdown=options.markdown)
    _print_budgets(answers)
    texts = pace(history, asked.task.codec)
    _print_pace(texts)
    found = figures(hashed, minilm, texts)
    return conclude("embeddings", found, [bar for bar in BARS if bar.figure in found])


def _print_budgets(answers: Sequence[Answer]) -> None:
    table = Table("detector", "kind", "channel", "recall", title="Best channel at its own 1%")
    for one in answers:
        for kind in one.own.kinds:
            channel, recall = own_budget(one.own, kind)
            table.add_row(one.own.name, kind, channel, f"{recall:.2f}")
    Console(width=120).print(table)


def _print_pace(texts: Pace) -> None:
    table = Table("vectors", "texts a second", title=f"{_TIMED_TEXTS} texts on one thread")
    for name, rate in texts._asdict().items():
        table.add_row(name, f"{rate:,.0f}")
    Console(width=120).print(table)


def _parsed(arguments: list[str]) -> argparse.Namespace:
    return options_parser("benchmarks.embeddings").parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
