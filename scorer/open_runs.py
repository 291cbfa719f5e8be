"""How a worker follows the runs of its sources: the topic, and what scores each run."""

import time
from collections.abc import Callable, Sequence
from functools import partial

import msgspec
from confluent_kafka import Producer

from adapters.kafka_clients import librdkafka_config
from adapters.topic_admin import TopicAdmin
from scorer.health import Watched
from scorer.parts import Part, Surroundings, make_part
from scorer.run_scoring import RunScoring
from scorer.runs import Runs
from scorer.transactions import Point
from streamscore.errors import BrokerError
from streamscore.runs import Run
from streamscore.sources import Source
from streamscore.topics import planned_topics, topic, topic_name

_TURN_SECONDS = 0.05
_LONGEST_WAIT_TURNS = 20


class LiveFirst:
    """Holds a run up after each of its transactions while records of a live stream wait.

    Parameters
    ----------
    live : sequence of Watched
        The processors of the live streams.
    at_point : callable
        What is called at each point otherwise.
    sleep : callable
        Waits some seconds.
    """

    def __init__(
        self,
        live: Sequence[Watched],
        at_point: Point,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._live = live
        self._at_point = at_point
        self._sleep = sleep

    def __call__(self, name: str, producer: Producer) -> None:
        """Wait here, for a second at most: a run goes on, if slowly, beside a stream that lags."""
        self._at_point(name, producer)
        if name != "after_commit":
            return
        for _ in range(_LONGEST_WAIT_TURNS):
            if not any(_waits_for_its_turn(one) for one in self._live):
                return
            self._sleep(_TURN_SECONDS)


def _waits_for_its_turn(live: Watched) -> bool:
    # One that has no model yet owns nothing, and one that pauses reads nothing.
    return bool(live.partitions and live.waiting_records and not live.why_paused)


def follow_runs(around: Surroundings, live: Sequence[Part]) -> Runs:
    """Return what scores the open runs of a worker's sources.

    Parameters
    ----------
    around : Surroundings
        What the parts of the worker have in common.
    live : sequence of Part
        The scoring of the live streams, which come first.
    """
    at_point = LiveFirst([part.processor for part in live], around.at_point)

    def take_up(source: Source, run: Run) -> RunScoring:
        metrics = around.exposition.of_run(run.run)
        own = msgspec.structs.replace(around, exposition=metrics, at_point=at_point)
        return RunScoring(run, partial(_part_of, own, source, run), metrics)

    settings = around.settings
    return Runs(
        librdkafka_config(settings.kafka),
        topic_name("runs", prefix=settings.topics.prefix),
        [part.source for part in live],
        take_up,
        around.exposition,
    )


def _part_of(around: Surroundings, source: Source, run: Run) -> Part:
    """Put the scoring of a run together over topics that are there; none is made here."""
    settings = around.settings
    plans = planned_topics(settings, source, records_partitions=run.partitions, run=run.run)
    wanted = {plan.kind: plan.name for plan in plans if "{source}" in topic(plan.kind).pattern}
    with TopicAdmin(settings.kafka) as admin:
        found = admin.describe(wanted.values())
    missing = sorted(set(wanted.values()) - set(found))
    if missing:
        raise BrokerError(
            f"the topics of an open run must exist; of {run.key} are missing: "
            f"{', '.join(missing)}. Close it with `streamscore runs close {run.source} {run.run} "
            "--force`"
        )
    return make_part(around, source, {kind: found[name] for kind, name in wanted.items()}, run)
