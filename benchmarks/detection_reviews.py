"""How well anomalies are found in product reviews, and explained.

Ten kinds of anomaly, each at 1% prevalence, in real reviews of two categories: 55% to learn from,
20% to calibrate, the latest 25% to test; of equal reviews the first is kept. The figures are the
mean of the stated seeds. A rating that is above, or below, what its text says must be found at a
budget of its own: by one channel at 1% false alarms. Without the real reviews generated ones are
taken; the bars are meant for the real ones.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks._detection import (
    MOST_RECORDS,
    SEEDS,
    Answer,
    Question,
    Slices,
    answer,
    answer_each,
    generated_history,
    options_parser,
    print_answers,
    question,
    recipe_or,
)
from benchmarks._verdict import Bar, conclude
from streamscore.evaluation.results import DetectorResult
from streamscore.evaluation.task import Slice
from streamscore.sources import Codec, load_source
from streamscore.sources.record_files import LocalFile
from streamscore.synthetic.kinds import Kinds
from streamscore.synthetic.review_anomalies import REVIEW_KINDS
from streamscore.synthetic.text_anomalies import texts_of
from trainer.history import History, history_from_files
from trainer.usual_forest import usual_forest

CODEC = Codec(load_source("reviews"))

_FILES = ("reviews/2023_Amazon_Fashion_part1.jsonl", "reviews/2018_Gift_Cards_5.jsonl")
_OTHER_CATEGORY = "reviews/2018_All_Beauty_5.jsonl"
_TELLING_CHARACTERS = 30
_SHARES = (0.55, 0.75)
_GENERATED_DAYS, _GENERATED_PER_DAY = ("2020-01-01", "2024-01-01"), 3.0
_UNTIL_THEN = "isolation-forest"
_OPPOSED = ("rating_up", "rating_down")

BARS = (
    Bar("auprc", 0.57),
    Bar("recall_at_1_percent", 0.62),
    *(Bar(f"{kind}_recall_at_own_budget", 0.70) for kind in _OPPOSED),
)


def reviews_history(shared_data: Path) -> History:
    """Read the real reviews where they are at hand, otherwise generate some."""
    files = [LocalFile(shared_data / name) for name in _FILES]
    if all(file.path.exists() for file in files):
        history = history_from_files(CODEC, files, MOST_RECORDS)
        return msgspec.structs.replace(history, origin=f"real, {history.origin}")
    return generated_history(CODEC, *_GENERATED_DAYS, _GENERATED_PER_DAY)


def review_kinds(shared_data: Path) -> Kinds:
    """Return the kinds of reviews, with texts of another category where they are at hand."""
    other = shared_data / _OTHER_CATEGORY
    if not other.exists():
        return REVIEW_KINDS
    history = history_from_files(CODEC, [LocalFile(other)], MOST_RECORDS)
    texts = sorted(set(CODEC.values_of(history.records, "text")))
    telling = [text for text in texts if len(text) >= _TELLING_CHARACTERS]
    return {**REVIEW_KINDS, "other_category": (texts_of(telling, "text"),)}


def different(history: History) -> Slice:
    """Return the first of all reviews that have the same rating, title and text."""
    fields = [CODEC.values_of(history.records, name) for name in ("rating", "title", "text")]
    first: dict[tuple[object, ...], int] = {}
    for place, key in enumerate(zip(*fields, strict=True)):
        first.setdefault(key, place)
    kept = sorted(first.values())
    records = [history.records[place] for place in kept]
    return Slice(records, history.utc_ms[kept], history.local_ms[kept])


def reviews_question(
    history: History, kinds: Kinds = REVIEW_KINDS, seeds: Sequence[int] = SEEDS
) -> Question:
    """Ask about reviews."""
    every = different(history)
    fit, later = (int(share * len(every)) for share in _SHARES)
    slices = Slices(every.part(0, fit), every.part(fit, later), every.part(later, len(every)))
    return question("Reviews", history.origin, CODEC, slices, kinds, seeds)


def own_budget(result: DetectorResult, kind: str) -> tuple[str, float]:
    """Return the channel that finds most of a kind at its own 1% of alarms, and its recall."""
    each = result.channels or {result.name: result}
    recalls = {name: one.kinds[kind].measures.recall_at_1_percent for name, one in each.items()}
    best = max(recalls, key=lambda name: recalls[name])
    return best, recalls[best]


def figures(ours: Answer, forest: Answer) -> dict[str, float]:
    """Return the figures."""
    result = ours.own
    found = dict(result.measures._asdict())
    found["times_the_forest"] = result.measures.auprc / forest.own.measures.auprc
    found["other_kinds_auprc"] = ours.other.measures.auprc
    found |= {f"{kind}_auprc": one.measures.auprc for kind, one in result.kinds.items()}
    for kind in _OPPOSED:
        found[f"{kind}_recall_at_1_percent"] = result.kinds[kind].measures.recall_at_1_percent
        found[f"{kind}_recall_at_own_budget"] = own_budget(result, kind)[1]
    return found


def main(arguments: list[str]) -> int:
    """Run the benchmark; 0 where every bar is met."""
    options = _parsed(arguments)
    seeds, history = SEEDS[: options.seeds], reviews_history(options.shared)
    asked = reviews_question(history, review_kinds(options.shared), seeds)
    names: list[str] = options.detector or [recipe_or("text", _UNTIL_THEN)]
    answers = [answer(asked, name) for name in names]
    forest = answer_each(asked, usual_forest("one-hot"), seeds)
    shown = [*answers, forest]
    print_answers(asked, shown, channels=options.channels, markdown=options.markdown)
    for kind in _OPPOSED:
        channel, recall = own_budget(answers[0].own, kind)
        print(f"{kind}: {channel} finds {recall:.2f} at its own 1% of false alarms")
    return conclude("detection_reviews", figures(answers[0], forest), BARS)


def _parsed(arguments: list[str]) -> argparse.Namespace:
    return options_parser("benchmarks.detection_reviews").parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
