"""A step with state for the tests of the machinery: the running sum of each partition's numbers."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from scorer.pausing import Pausing
from scorer.processor import Processor
from scorer.step import Folded, Message, Output
from scorer.wiring import Wiring
from streamscore.settings import Scorer
from streamscore.sources import RecordFault
from tests.processes import eventually

BAD = 0
"""A number that makes its record a bad one."""


class RunningSums:
    """Writes `partition/offset/sum` for each record; notes what it is told."""

    def __init__(
        self, output_topic: str, *, is_ready: bool = True, pausing: Pausing | None = None
    ) -> None:
        self._output_topic = output_topic
        self.pausing = pausing or Pausing("sums", "sums", Scorer(pause_share=1))
        self._sums: dict[int, tuple[int, int]] = {}
        self.ready = threading.Event()
        if is_ready:
            self.ready.set()
        self.opened: list[int] = []
        self.silent = 0
        self.aborts = 0
        self.lost_records = 0
        self.waiting: Mapping[int, int] = {}

    def is_ready(self) -> bool:
        return self.ready.is_set()

    def state_offset(self, state: bytes) -> int:
        offset, _ = msgspec.json.decode(state, type=tuple[int, int])
        return offset

    def open(self, partition: int, state: bytes | None, next_offset: int, note: str = "") -> bool:
        self.opened.append(partition)
        kept = (next_offset, 0)
        if state is not None:
            kept = msgspec.json.decode(state, type=tuple[int, int])
        self._sums[partition] = kept
        return state is not None

    def close(self, partition: int) -> None:
        del self._sums[partition]

    def process(self, partition: int, messages: Sequence[Message], emit_from: int) -> Folded:
        outputs = []
        offset, total = self._sums[partition]
        fault = RecordFault("out_of_range", "a number above 0")
        bad = [at for at, one in enumerate(messages) if int(one.value() or b"0") == BAD]
        silent = sum(message.offset() < emit_from for message in messages)
        taken = self.pausing.admit(messages, [(at, fault) for at in bad], silent)
        for message in messages[:taken]:
            total += int(message.value() or b"0")
            offset = message.offset() + 1
            if message.offset() < emit_from:
                self.silent += 1
            else:
                line = f"{partition}/{message.offset()}/{total}".encode()
                outputs.append(Output(self._output_topic, line))
        self._sums[partition] = (offset, total)
        return Folded(outputs, False, taken)

    def checkpoint(self, partition: int) -> bytes:
        return msgspec.json.encode(self._sums[partition])

    def committed(self, began_seconds: float, ended_seconds: float) -> None:
        """Nothing is reported."""

    def aborted(self) -> None:
        self.aborts += 1

    def lag(self, records_by_partition: Mapping[int, int]) -> None:
        self.waiting = dict(records_by_partition)

    def note(self, partition: int) -> str:
        """Keep nothing beside the offset."""
        return ""

    def lost(self, records: int) -> None:
        self.lost_records += records


class Running:
    """A processor in a thread, and how it ended."""

    def __init__(self, wiring: Wiring, step: RunningSums) -> None:
        self.step = step
        self.processor = Processor(wiring, step, step.pausing)
        self.failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.processor.run()
        except Exception as error:  # noqa: BLE001  # looked at by the test
            self.failure = error

    def stop(self) -> None:
        self.processor.stop()
        self._thread.join(30)

    def wait_for_end(self) -> Exception | None:
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self.failure


@contextmanager
def running(wiring: Wiring, step: RunningSums) -> Iterator[Running]:
    """A processor for as long as the block lasts."""
    one = Running(wiring, step)
    try:
        yield one
    finally:
        one.stop()


def wiring_for(bootstrap_servers: str, name: str, slot: int = 0, **scorer: object) -> Wiring:
    """Wiring over the topics `<name>.in` and `<name>.state`."""
    given = {"session_timeout_ms": 6000, "checkpoint_seconds": 3600.0} | scorer
    return Wiring(
        name="sums",
        group=f"{name}.sums",
        connection={"bootstrap.servers": bootstrap_servers},
        settings=msgspec.convert(given, Scorer),
        input_topic=f"{name}.in",
        state_topic=f"{name}.state",
        slot=slot,
        max_message_bytes=1_000_000,
    )


def produce(
    bootstrap_servers: str, topic: str, numbers: Sequence[int], partitions: int = 1
) -> None:
    """Write numbers in turn over the partitions."""
    producer = Producer({"bootstrap.servers": bootstrap_servers, "log_level": 2})
    for i, number in enumerate(numbers):
        producer.produce(topic, str(number).encode(), partition=i % partitions)
    assert producer.flush(30) == 0


def lines(bootstrap_servers: str, topic: str) -> list[str]:
    """The committed values of a topic of one partition."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "lines",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "log_level": 2,
        }
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: list[str] = []
    deadline = time.monotonic() + 30
    try:
        while time.monotonic() < deadline:
            message = consumer.poll(1.0)
            if message is None:
                continue
            error = message.error()
            if error is not None and error.code() == KafkaError._PARTITION_EOF:
                return found
            found.append((message.value() or b"").decode())
    finally:
        consumer.close()
    raise TimeoutError(f"{topic} has no end")


def wait_for_lines(bootstrap_servers: str, topic: str, count: int) -> list[str]:
    """Wait until a topic holds as many committed values, and return them sorted."""
    assert eventually(lambda: len(lines(bootstrap_servers, topic)) >= count, 60)
    return sorted(lines(bootstrap_servers, topic))


def expected_lines(numbers: Sequence[int], partitions: int = 1) -> list[str]:
    """What `RunningSums` must write for numbers that `produce` produced, sorted."""
    totals = [0] * partitions
    made = []
    for i, number in enumerate(numbers):
        partition, offset = i % partitions, i // partitions
        totals[partition] += number
        made.append(f"{partition}/{offset}/{totals[partition]}")
    return sorted(made)
