"""Hostile records through a real worker: none ends it, and none leaves a trace in what is scored.

First a topic of hostile records with good ones among them, and no pause (`scorer.pause_share` is
1): each record must be scored or dead, once, as a plain reading judges it. Some hostile records
keep every rule and are scored like any other. A score depends on the record and the model alone; a
p-value on the records scored before it as well. So what is compared is every score and p-value
with those of a fold of the scored records alone, as if the dead ones had never been; and for the
good records the score with that of a fold of the good ones alone, and the p-value too up to the
first hostile record that was scored, which lies in the second half of the topic. Then the rate
with one hostile record in ten, in rounds interleaved with those of a clean topic, with the default
settings: no pause may begin.
"""

import argparse
import logging
import statistics
import sys
from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from benchmarks._broker import Topic, embedded_broker
from benchmarks._faults.outcome import Outcome, outcome_of
from benchmarks._hostile_records import LARGE_BYTES, hostile_records
from benchmarks._rates import worker_rate
from benchmarks._records import records_of, repeated
from benchmarks._verdict import Bar, conclude
from benchmarks._worker import CommitClock, make_worker, run_worker, settings_for, trained_model
from streamscore import headers
from streamscore.scoring import Model, PartitionFold
from streamscore.settings import Scorer
from streamscore.sources import load_source
from streamscore.topics import Kind, topic_name
from tests.naive.codec import naive_judgement

_SOURCE = "accidents"
_HOSTILE = 200_000
_GOOD_SHARE = 1 / 3
_RATE_RECORDS = 100_000
_ROUNDS = 5
_HOSTILE_SHARE = 0.1
_MOST_RECORDS = 50_000
_SEED = 42

BARS = (
    Bar("records_not_in_exactly_one_place", 0.0, is_most=True),
    Bar("records_judged_otherwise", 0.0, is_most=True),
    Bar("outcomes_that_the_dead_changed", 0.0, is_most=True),
    Bar("good_scores_that_differ", 0.0, is_most=True),
    Bar("good_p_values_that_differ", 0.0, is_most=True),
    Bar("rate_at_10_percent_hostile_against_clean", 0.7),
)


class Stream(Struct, frozen=True):
    """What lies on a topic: values by offset, and whether each is a good record by its making."""

    values: list[bytes | None]
    is_good: list[bool]


def mixed(
    model: Model, good: Sequence[bytes], hostile: int, good_share: float, seed: int = _SEED
) -> Stream:
    """Shuffle good records among hostile ones, a share of them good.

    Hostile records that keep every rule are all in the second half, so that in the first one a
    good record's p-value must be that of a stream of good records alone.
    """
    rng = np.random.default_rng(seed)
    kept = repeated(list(good), round(hostile * good_share / (1 - good_share)))
    early: list[tuple[bytes | None, bool]] = [(value, True) for value in kept[::2]]
    late: list[tuple[bytes | None, bool]] = [(value, True) for value in kept[1::2]]
    for i, value in enumerate(hostile_records(model.source, good, hostile, rng)):
        is_early = i % 2 == 0 and naive_judgement(model.source, value)
        (early if is_early else late).append((value, False))
    pairs = [half[i] for half in (early, late) for i in rng.permutation(len(half))]
    return Stream([value for value, _ in pairs], [is_good for _, is_good in pairs])


def scored_by_a_worker(topic: Topic, model: Model) -> Outcome:
    """Run a worker that never pauses over a topic, and read what it wrote."""
    settings = settings_for(topic.bootstrap_servers, "hostile", Scorer(pause_share=1.0))
    source = msgspec.structs.replace(topic.source, scores=True)
    report = CommitClock(source)
    run_worker(make_worker(settings, source, model, report), lambda: report.processed >= topic.size)
    kinds: tuple[Kind, ...] = ("scores", "anomalies", "deadletters")
    names: dict[str, str] = {
        kind: topic_name(kind, source, prefix=settings.topics.prefix) for kind in kinds
    }
    return outcome_of(topic.bootstrap_servers, names, "", 1)


def judged_figures(stream: Stream, outcome: Outcome) -> dict[str, float]:
    """Count the records that are not in one place, or not in the one that a plain reading says."""
    scored, reasons = _by_offset(outcome)
    source = load_source(_SOURCE)
    placed = otherwise = 0
    for offset, value in enumerate(stream.values):
        places = len(scored.get(offset, [])) + len(reasons.get(offset, []))
        placed += places == 1
        expected = naive_judgement(source, value)
        found = reasons.get(offset, [])
        otherwise += bool(found) != bool(expected) or not set(found) <= expected
    strange = len((scored.keys() | reasons.keys()) - set(range(len(stream.values))))
    return {
        "records": float(len(stream.values)),
        "scored": float(len(scored)),
        "dead": float(len(reasons)),
        "reasons": float(len({reason for found in reasons.values() for reason in found})),
        "records_not_in_exactly_one_place": float(len(stream.values) - placed + strange),
        "records_judged_otherwise": float(otherwise),
    }


def scored_figures(stream: Stream, outcome: Outcome, model: Model) -> dict[str, float]:
    """Count what differs from a fold without the dead records, and from one of the good alone."""
    lines, _ = _by_offset(outcome)
    found = {at: (line[0]["score"], line[0]["p_value"]) for at, line in lines.items()}
    without_dead = _folded(model, stream.values, sorted(found))
    good = [at for at, is_good in enumerate(stream.is_good) if is_good]
    alone = _folded(model, stream.values, good)
    first = min((at for at in found if not stream.is_good[at]), default=len(stream.values))
    early = [at for at in good if at < first]
    return {
        "hostile_records_scored": float(len(found) - sum(at in found for at in good)),
        "outcomes_that_the_dead_changed": float(
            sum(found[at] != without_dead.get(at) for at in found)
        ),
        "good_scores_that_differ": float(
            sum(found.get(at, (None,))[0] != alone[at][0] for at in good)
        ),
        "good_p_values_compared": float(len(early)),
        "good_p_values_that_differ": float(sum(found.get(at) != alone[at] for at in early)),
    }


def _by_offset(outcome: Outcome) -> tuple[dict[int, list[dict[str, float]]], dict[int, list[str]]]:
    scored = {offset: lines for (_, _, offset), lines in outcome.scores.items()}
    reasons = {
        offset: [dict(own)[headers.REASON].decode() for _, _, own in letters]
        for (_, _, offset), letters in outcome.dead.items()
    }
    return scored, reasons


def _folded(
    model: Model, values: Sequence[bytes | None], places: list[int]
) -> dict[int, tuple[float, float]]:
    scored = PartitionFold(model, model.new_window(1)).fold([values[at] for at in places])
    outcomes = zip(scored.scores.tolist(), scored.judged.p_value.tolist(), strict=True)
    return {places[i]: outcome for i, outcome in zip(scored.good, outcomes, strict=True)}


def rate_figures(
    servers: str, model: Model, values: list[bytes], options: argparse.Namespace
) -> dict[str, float]:
    """Measure the rate of a clean topic and of one with a tenth hostile, in turn."""
    hostile = round(options.records * _HOSTILE_SHARE)
    sides = {
        "clean": Stream(list(repeated(values, options.records)), []),
        "hostile": mixed(model, values, hostile, 1 - _HOSTILE_SHARE),
    }
    topics = {}
    for name, stream in sides.items():
        topics[name] = Topic(servers, load_source(_SOURCE), options.records, f"rate.{name}")
        topics[name].fill(stream.values)
    worker_rate(topics["clean"], model, "warm")
    rates: dict[str, list[float]] = {name: [] for name in topics}
    for i in range(options.rounds):
        for name, topic in topics.items():
            # It raises where a pause, or anything else, leaves a record unread.
            rates[name].append(worker_rate(topic, model, f"{name}.{i}"))
    ratios = [a / b for a, b in zip(rates["hostile"], rates["clean"], strict=True)]
    return {
        "clean_records_per_second": statistics.median(rates["clean"]),
        "hostile_records_per_second": statistics.median(rates["hostile"]),
        "rate_at_10_percent_hostile_against_clean": statistics.median(ratios),
    }


def main(arguments: list[str]) -> int:
    """Run the benchmark; 0 where every bar is met."""
    options = _parsed(arguments)
    source = load_source(_SOURCE)
    found = records_of(source, _MOST_RECORDS)
    model = trained_model(source, found.values)
    with embedded_broker() as servers:
        stream = mixed(model, found.values, options.hostile, _GOOD_SHARE)
        size = len(stream.values)
        topic = Topic(servers, source, size, "hostile.records", largest_bytes=2 * max(LARGE_BYTES))
        topic.fill(stream.values)
        outcome = scored_by_a_worker(topic, model)
        figures = judged_figures(stream, outcome) | scored_figures(stream, outcome, model)
        figures |= rate_figures(servers, model, found.values, options)
    table = Table("figure", "value", title=f"hostile records of {found.origin}")
    for name, value in figures.items():
        table.add_row(name, f"{value:,.6g}")
    Console(width=100).print(table)
    return conclude("hostile", figures, BARS)


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.hostile")
    parser.add_argument("--hostile", type=int, default=_HOSTILE, help="hostile records")
    parser.add_argument("--records", type=int, default=_RATE_RECORDS, help="on each rate's topic")
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    sys.exit(main(sys.argv[1:]))
