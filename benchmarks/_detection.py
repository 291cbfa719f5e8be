"""Detection benchmarks in pieces: histories cut in time, questions, answers and their tables."""

import argparse
import time
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks._records import SHARED_DATA
from streamscore.detectors.recipes import Recipe, is_recipe
from streamscore.evaluation.contender import Contender, Performance, performances
from streamscore.evaluation.recipe_contender import RecipeContender
from streamscore.evaluation.results import DetectorResult, result_of
from streamscore.evaluation.task import Injecting, Slice, Task
from streamscore.sources import Codec
from streamscore.sources.time_range import time_range
from streamscore.synthetic import generate
from streamscore.synthetic.kinds import Kinds
from streamscore.synthetic.role_anomalies import role_kinds
from trainer.comparison_tables import TextTable, detector_table, kind_table, reason_table
from trainer.history import History, HistoryBuilder

PREVALENCE = 0.01
SEEDS = (101, 102, 103, 104, 105)
"""The stated seeds: each is a trial with anomalies of its own."""

MOST_RECORDS = 1_000_000

_GENERATED_SEED = 42
_GENERAL = " (any source)"


class Split(NamedTuple):
    """Days at which a history is cut: train from, calibrate from, test from, and the end."""

    name: str
    train: str
    calibrate: str
    test: str
    end: str


class Slices(NamedTuple):
    """A history in three pieces that follow each other in time."""

    train: Slice
    calibrate: Slice
    test: Slice


class Question(NamedTuple):
    """A task, and which kinds its bars are about.

    Attributes
    ----------
    name : str
        Of the split.
    origin : str
        Where the records are from.
    task : Task
        The task.
    kinds : tuple of str
        Kinds that the bars are about.
    other : tuple of str
        Further kinds, told beside them.
    """

    name: str
    origin: str
    task: Task
    kinds: tuple[str, ...]
    other: tuple[str, ...]


class Answer(NamedTuple):
    """How a contender did on the kinds of the bars, and on the others."""

    own: DetectorResult
    other: DetectorResult


def question(
    name: str, origin: str, codec: Codec, slices: Slices, kinds: Kinds, seeds: Sequence[int]
) -> Question:
    """Put anomalies of the kinds, and of those that fit any source, into the last slice.

    Parameters
    ----------
    name, origin : str
        For people.
    codec : Codec
        Of the source.
    slices : Slices
        The history.
    kinds : mapping of str to tuple of Change
        Kinds that the bars are about.
    seeds : sequence of int
        One a trial.
    """
    injecting = Injecting(codec, slices.train, slices.test, PREVALENCE)
    general = {
        f"{kind}{_GENERAL}" if kind in kinds else kind: changes
        for kind, changes in role_kinds(codec.source, injecting.history).items()
    }
    injected = [
        one
        for number, seed in enumerate(seeds)
        for one in injecting.trial({**kinds, **general}, seed, number)
    ]
    task = Task(codec=codec, **slices._asdict(), injected=injected)
    found = dict.fromkeys(one.kind for one in injected)
    own = tuple(kind for kind in kinds if kind in found)
    return Question(name, origin, task, own, tuple(kind for kind in found if kind not in own))


def cut(codec: Codec, history: History, split: Split) -> Slices:
    """Cut a history at the days of a split."""
    every = Slice(history.records, history.utc_ms, history.local_ms)
    days = (split.train, split.calibrate, split.test, split.end)
    moments = [time_range(codec.source, day).start_ms or 0 for day in days]
    places = np.searchsorted(history.utc_ms, moments).tolist()
    return Slices(*(every.part(*ends) for ends in pairwise(places)))


def history_of(codec: Codec, records: Iterable[dict[str, Any]], origin: str) -> History:
    """Take records as history."""
    builder = HistoryBuilder(codec, MOST_RECORDS)
    for line, record in enumerate(records, 1):
        builder.take(msgspec.json.encode(record), 0, line)
    return builder.history(origin)


def generated_history(codec: Codec, start: str, end: str, per_day: float) -> History:
    """Generate the history of a built-in source between two days."""
    first = date.fromisoformat(start)
    rows = int(per_day * (date.fromisoformat(end) - first).days)
    rng = np.random.default_rng(_GENERATED_SEED)
    records = generate(codec.source.name, rows, rng, start=first, per_day=per_day)
    return history_of(codec, records, f"generated, seed {_GENERATED_SEED}")


def options_parser(program: str) -> argparse.ArgumentParser:
    """Return the options that detection benchmarks have in common."""
    parser = argparse.ArgumentParser(prog=program)
    parser.add_argument(
        "--detector", action="append", help="a recipe, may repeat; the first counts"
    )
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="how many of the stated ones")
    parser.add_argument("--channels", action="store_true", help="list each channel of the first")
    parser.add_argument("--markdown", action="store_true", help="write the tables as markdown")
    parser.add_argument("--shared", type=Path, default=SHARED_DATA, help="folder of real files")
    return parser


def recipe_or(name: str, otherwise: str) -> str:
    """Return the name of a recipe where there is one, otherwise the other name."""
    return name if is_recipe(name) else otherwise


def answer(asked: Question, contender: Contender | Recipe | str, seed: int = SEEDS[0]) -> Answer:
    """Let a contender answer, fit once.

    Parameters
    ----------
    asked : Question
        What is asked.
    contender : Contender, Recipe or str
        What competes; a recipe's name stands for it.
    seed : int
        Of the fit.

    Examples
    --------
    From a detector's own file, while it is being written::

        asked = accidents_question(R1, accidents_history())
        print_answers(asked, [answer(asked, "isolation-forest")])
    """
    if isinstance(contender, Recipe | str):
        contender = RecipeContender(contender)
    performance = contender.compete(asked.task, seed, time.perf_counter)
    return _answer(asked, contender.name, [performance])


def answer_each(asked: Question, contender: Contender, seeds: Sequence[int]) -> Answer:
    """Let a contender whose fit is random answer, fit anew for each trial."""
    found = performances(contender, asked.task, seeds, time.perf_counter)
    return _answer(asked, contender.name, found)


def _answer(asked: Question, name: str, found: Sequence[Performance]) -> Answer:
    def measured(kinds: Collection[str]) -> DetectorResult:
        return result_of(name, asked.task, found, PREVALENCE, kinds, has_kind_intervals=False)

    return Answer(measured(asked.kinds), measured(asked.other))


def print_answers(
    asked: Question,
    answers: Sequence[Answer],
    *,
    channels: bool = False,
    markdown: bool = False,
) -> None:
    """Print the tables: detectors, kinds, reasons, and the further kinds.

    Parameters
    ----------
    asked : Question
        What was asked.
    answers : sequence of Answer
        What came of it.
    channels : bool
        Whether the channels of the first contender are listed, each on its own.
    markdown : bool
        Whether the tables are written as markdown.
    """
    task = asked.task
    trials = 1 + max(one.trial for one in task.injected)
    print(
        f"\n{asked.name}: {asked.origin}; {len(task.train):,} records to learn from, "
        f"{len(task.calibrate):,} to calibrate, {len(task.test):,} to test; each kind at "
        f"{PREVALENCE:.0%}, mean of {trials} seeds"
    )
    titled = {
        "The kinds of the bars": [one.own for one in answers],
        "Other kinds": [one.other for one in answers],
    }
    if channels:
        first = answers[0]
        titled |= {
            f"The channels of {first.own.name}": list(first.own.channels.values()),
            "Its channels, other kinds": list(first.other.channels.values()),
        }
    for title, found in titled.items():
        tables = (detector_table(found), kind_table(found), reason_table(found))
        for place, table in enumerate(table for table in tables if table.rows):
            _show(table, title if place == 0 else "", markdown=markdown)


def _show(table: TextTable, title: str, *, markdown: bool) -> None:
    if markdown:
        print(f"\n{title}\n\n{table.markdown()}" if title else f"\n{table.markdown()}")
        return
    shown = Table(*table.columns, title=title or None, title_justify="left")
    for row in table.rows:
        shown.add_row(*row)
    Console(width=max(150, 24 * len(table.columns))).print(shown)
