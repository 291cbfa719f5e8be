"""A replay that is killed at random moments and taken up again, and what its topic holds then."""

import random
import subprocess
import sys
from collections import Counter
from itertools import zip_longest
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition

from adapters.message_headers import headers_of
from benchmarks._one_replay import SOURCE
from streamscore.headers import CONTROL, ROW
from streamscore.topics import topic_name

_PARTITIONS = 3
_INJECT = 0.02
_SEED = 7
_SECONDS_OF_SENDING = 20.0
_LIMIT_SECONDS = 30.0

Lanes = list[list[str]]
"""The ids of the messages of each partition, in their order."""


def replay_command(servers: str, prefix: str, file: Path, *options: str) -> list[str]:
    """Return the command of one start of the replay, into topics with a prefix."""
    settings = [f"kafka.bootstrap_servers={servers}", f"topics.prefix={prefix}."]
    command = [sys.executable, "-m", "cli.app"]
    for setting in settings:
        command += ["--set", setting]
    command += ["replay", SOURCE.name, str(file), "--inject", str(_INJECT), "--seed", str(_SEED)]
    return [*command, "--rejects", str(file.with_name("rejects.jsonl")), *options]


def run_to_its_end(command: list[str]) -> None:
    """Run a replay that nobody disturbs."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_after(command: list[str], seconds: float, *, is_sending: bool) -> bool:
    """Start a replay, kill it so long after, or after its first row; say whether it still ran."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        while is_sending and b"sending" not in (line := process.stderr.readline()) and line:
            pass
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            return True
    return False


def lanes_of(servers: str, prefix: str) -> Lanes:
    """Return the ids of all messages on the topic of a prefix that are records."""
    topic = topic_name("records", SOURCE, prefix=f"{prefix}.")
    consumer = Consumer(
        {"bootstrap.servers": servers, "group.id": "resume", "enable.auto.commit": False}
    )
    lanes: Lanes = [[] for _ in range(_PARTITIONS)]
    for number, lane in enumerate(lanes):
        partition = TopicPartition(topic, number, 0)
        end = consumer.get_watermark_offsets(partition, _LIMIT_SECONDS)[1]
        consumer.assign([partition])
        offset = 0
        while offset < end:
            message = consumer.poll(_LIMIT_SECONDS)
            if message is None:
                raise TimeoutError(f"{topic} ends at {end}, and nothing came after {offset}")
            offset = (message.offset() or 0) + 1
            own = dict(headers_of(message))
            if CONTROL not in own:
                lane.append((own[ROW] or b"").decode())
    consumer.close()
    return lanes


def undisturbed(servers: str, file: Path) -> Lanes:
    """Replay a file; return what its topic holds."""
    run_to_its_end(replay_command(servers, "quiet", file, "--partitions", str(_PARTITIONS)))
    return lanes_of(servers, "quiet")


def tormented(servers: str, file: Path, rows: int, kills: int) -> tuple[int, Lanes]:
    """Kill a replay again and again; return how often it was hit, and what its topic holds.

    Every other time it is killed at any moment since its start, otherwise since it sends.
    """
    rng = random.Random(_SEED)  # noqa: S311  # moments, not secrets
    rate = str(rows / _SECONDS_OF_SENDING)
    hits = 0
    for number in range(kills):
        first = ["--partitions", str(_PARTITIONS)] if number == 0 else []
        command = replay_command(servers, "killed", file, "--resume", "--rate", rate, *first)
        seconds = rng.uniform(0.05, 0.8 * _SECONDS_OF_SENDING / kills)
        hits += kill_after(command, seconds, is_sending=number % 2 == 0)
    run_to_its_end(replay_command(servers, "killed", file, "--resume"))
    return hits, lanes_of(servers, "killed")


def compared(killed: Lanes, quiet: Lanes, rows: int) -> dict[str, float]:
    """Return what is missing, repeated or elsewhere on the topic of a killed replay.

    Examples
    --------
    >>> compared([["a:2", "a:2"], ["a:4"]], [["a:2", "a:3"], ["a:4"]], 3)
    {'missing': 1.0, 'repeated': 1.0, 'unlike_undisturbed': 1.0}
    """
    counts = Counter(message_id for lane in killed for message_id in lane)
    lanes = zip(killed, quiet, strict=True)
    unlike = sum(a != b for one, other in lanes for a, b in zip_longest(one, other))
    return {
        "missing": float(rows - len(counts)),
        "repeated": float(counts.total() - len(counts)),
        "unlike_undisturbed": float(unlike),
    }
