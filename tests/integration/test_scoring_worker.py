"""The scoring service as a process: models awaited, swapped and lost, ends and exit codes."""

import random
import signal
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from kafka import KafkaProducer

from adapters.commands import send_command
from adapters.dead_letters import DeadLetters
from adapters.topic_admin import TopicAdmin, ensure_topics
from benchmarks._faults.models import FolderRegistry, add_version
from benchmarks._faults.outcome import outcome_of, read_topic
from benchmarks._faults.processes import WorkerProcess
from benchmarks._faults.worker import WorkerPlan
from embedded.ports import free_ports
from streamscore import headers
from streamscore.bundle import read_bundle
from streamscore.dead_letters import Selection
from streamscore.events import RESUME, Command
from streamscore.scoring import Model, PartitionFold
from streamscore.settings import Kafka, Scorer, Settings, Topics, Worker
from streamscore.sources import Codec
from tests.processes import eventually
from tests.sensors import SENSORS, sensor_values

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

SOURCE = msgspec.structs.replace(SENSORS, scores=True)
VALUES = sensor_values(3000, seed=9)
FORBIDDEN = ("sklearn", "pandas", "mlflow", "pyod", "river")


class Service:
    """The scoring service over topics of one test, with a registry of its own."""

    def __init__(self, servers: str, name: str, folder: Path) -> None:
        self.servers = servers
        self.folder = folder
        self.registry = FolderRegistry(folder / "models")
        (self.port,) = free_ports(1, random.SystemRandom())
        self.settings = Settings(
            kafka=Kafka(bootstrap_servers=servers),
            topics=Topics(prefix=f"{name}."),
            worker=Worker(port=self.port),
            scorer=Scorer(group=name, model_poll_seconds=0.2, session_timeout_ms=6000),
        )
        with TopicAdmin(self.settings.kafka) as admin:
            self.topics = ensure_topics(admin, self.settings, SOURCE)
        self._lives = 0

    def page(self, name: str) -> tuple[int, str]:
        """Status and text of one of the worker's pages; 0 while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{name}", timeout=10) as got:
                return got.status, got.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()
        except OSError:
            return 0, ""

    def add(self, version: str, seed: int) -> None:
        add_version(self.registry, SOURCE, VALUES[:1500], version, seed)

    def start(self, modules: Path | None = None, slot: int = 0) -> WorkerProcess:
        self._lives += 1
        worker = Worker(port=0 if slot else self.port, slot=slot)
        plan = WorkerPlan(
            settings=msgspec.structs.replace(self.settings, worker=worker),
            source=SOURCE,
            models=str(self.registry.folder),
            modules=None if modules is None else str(modules),
        )
        return WorkerProcess(plan, self.folder / "workers", f"life-{self._lives}")

    def produce(self, values: Sequence[bytes]) -> None:
        producer = Producer({"bootstrap.servers": self.servers, "log_level": 2})
        for value in values:
            producer.produce(self.topics["records"].name, value)
        assert producer.flush(30) == 0

    def produce_control(self) -> None:
        producer = Producer({"bootstrap.servers": self.servers, "log_level": 2})
        mark: list[tuple[str, str | bytes | None]] = [(headers.CONTROL, headers.CONTROL_END)]
        producer.produce(self.topics["records"].name, None, headers=mark)
        assert producer.flush(30) == 0

    def lines(self) -> list[dict[str, Any]]:
        found = read_topic(self.servers, self.topics["scores"].name, 1)
        return [msgspec.json.decode(message.value() or b"") for message in found]

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        assert eventually(lambda: len(self.lines()) >= count, 90)
        return self.lines()

    def fold(
        self, version: str, values: Sequence[bytes], partitions: int = 1
    ) -> list[tuple[float, float]]:
        """Scores and p-values of values that a version takes over before the first of them."""
        bundle = read_bundle(self.registry.folder / version)
        model = Model(Codec(SOURCE), bundle, SOURCE.name, version)
        scored = PartitionFold(model, model.new_window(partitions)).fold(values)
        p_values = scored.judged.p_value.tolist()
        return list(zip(scored.scores.tolist(), p_values, strict=True))


@pytest.fixture
def service(kafka: str, request: pytest.FixtureRequest, tmp_path: Path) -> Service:
    return Service(kafka, f"service.{request.node.name[:60]}", tmp_path)


def outcomes(lines: Sequence[dict[str, Any]]) -> list[tuple[float, float]]:
    return [(line["score"], line["p_value"]) for line in lines]


def test_a_worker_waits_for_a_model_and_ends_cleanly_without_training_libraries(
    service: Service, tmp_path: Path
) -> None:
    service.produce(VALUES[:100])
    worker = service.start(modules=tmp_path / "modules")
    try:
        worker.wait_for("waiting for a production model")
        service.produce(VALUES[100:200])
        service.produce_control()
        service.produce(VALUES[200:210])
        service.add("1", seed=1)
        service.registry.promote("1")
        lines = service.wait_for(210)
        assert worker.leave() == 0
    finally:
        worker.kill()
    # The control record lies at offset 200: neither scored nor a dead letter.
    assert [line["offset"] for line in lines] == [*range(200), *range(201, 211)]
    assert outcomes(lines) == service.fold("1", VALUES[:210])
    names = {kind: topic.name for kind, topic in service.topics.items()}
    outcome = outcome_of(service.servers, names, service.topics["records"].topic_id, 1)
    assert outcome.dead == {}
    modules = {name.partition(".")[0] for name in (tmp_path / "modules").read_text().split()}
    assert {"scorer", "confluent_kafka", "numba"} <= modules
    assert modules.isdisjoint(FORBIDDEN)


def test_a_swap_begins_a_window_that_a_successor_goes_on_with(service: Service) -> None:
    service.add("1", seed=1)
    service.add("2", seed=2)
    service.registry.promote("1")
    first = service.start()
    try:
        service.produce(VALUES[:500])
        service.wait_for(500)
        service.registry.promote("2")
        first.wait_for("version 2 of sensors is ready")
        service.produce(VALUES[500:900])
        service.wait_for(900)
        first.signal(signal.SIGKILL)
        second = service.start()
    finally:
        first.kill()
    try:
        service.produce(VALUES[900:1200])
        lines = service.wait_for(1200)
        assert second.leave() == 0
    finally:
        second.kill()
    assert [line["offset"] for line in lines] == list(range(1200))
    assert [line["model_version"] for line in lines] == ["1"] * 500 + ["2"] * 700
    assert outcomes(lines[:500]) == service.fold("1", VALUES[:500])
    assert outcomes(lines[500:]) == service.fold("2", VALUES[500:1200])


def test_where_the_model_of_a_state_is_gone_the_production_model_goes_on(service: Service) -> None:
    service.add("1", seed=1)
    service.add("2", seed=2)
    service.registry.promote("1")
    service.produce(VALUES[:500])
    first = service.start()
    try:
        service.wait_for(500)
        assert first.leave() == 0
    finally:
        first.kill()
    (service.registry.folder / "1").rename(service.folder / "gone")
    service.registry.promote("2")
    second = service.start()
    try:
        service.produce(VALUES[500:800])
        lines = service.wait_for(800)
        assert second.leave() == 0
    finally:
        second.kill()
    assert "the model 1 of a partition's state is gone" in second.log()
    assert [line["offset"] for line in lines] == list(range(800))
    assert {line["model_version"] for line in lines[500:]} == {"2"}


def test_a_processor_that_cannot_go_on_ends_the_process_with_a_reason(service: Service) -> None:
    service.add("1", seed=1)
    service.registry.promote("1")
    service.produce(VALUES[:50])
    first = service.start()
    try:
        service.wait_for(50)
        assert first.leave() == 0
    finally:
        first.kill()
    service.produce(VALUES[50:90])
    admin = AdminClient({"bootstrap.servers": service.servers, "log_level": 2})
    for future in admin.delete_records(
        [TopicPartition(service.topics["records"].name, 0, 80)]
    ).values():
        future.result()
    second = service.start()
    try:
        assert second.wait(90) not in {0, None}
    finally:
        second.kill()
    assert "streamscore --set scorer.expired_offsets=continue score" in second.log()
    assert len(service.lines()) == 50


class _OddName(str):
    """A header's name that no client but a careless one would write."""

    __slots__ = ()

    def encode(self, *_encoding: str) -> bytes:
        return b"\xff\xfe"


def test_no_record_that_a_broker_takes_ends_a_worker(service: Service) -> None:
    """Keys and headers of any size, names that are no text, numbers that nobody decodes."""
    service.add("1", seed=1)
    service.registry.promote("1")
    service.produce(VALUES[:1000])
    topic = service.topics["records"].name
    generous = Producer(
        {
            "bootstrap.servers": service.servers,
            "log_level": 2,
            "compression.type": "lz4",
            "message.max.bytes": 50_000_000,
        }
    )
    odd = {"sensor": "?", "owner": "!! BUY 9 " * 99, "temperature": -100.0, "pressure": 1e12}
    far_off = {**msgspec.json.decode(VALUES[1000]), **odd}
    endless = msgspec.json.encode(far_off)[:-1] + b',"more":1e999,"and":' + b"9" * 5000 + b"}"
    generous.produce(topic, endless)
    generous.produce(topic, b"not json", headers=[("large", b"\0" * 20_000_000)])
    generous.produce(topic, msgspec.json.encode(far_off), key=b"\0" * 5_000_000)
    assert generous.flush(30) == 0
    careless = KafkaProducer(bootstrap_servers=service.servers)
    # Often enough that the interpreter specialises its calls, which then look for no error.
    for value in (b"not json", msgspec.json.encode(far_off), b"") * 20:
        careless.send(topic, value, headers=[(_OddName("x"), b"1")]).get(30)
    careless.close()
    worker = service.start()
    try:
        service.produce(VALUES[1000:1100])
        service.wait_for(1122)
        assert worker.leave() == 0
    finally:
        worker.kill()
    odd_places = [at for at in range(1003, 1063) if at % 3 != 2]
    names = {kind: topic.name for kind, topic in service.topics.items()}
    outcome = outcome_of(service.servers, names, service.topics["records"].topic_id, 1)
    assert {offset for _, _, offset in outcome.dead} == {1001} | set(odd_places)
    assert {offset for _, _, offset in outcome.events} >= {1000, 1002}
    found = {at[2]: events[0][0]["data"]["record"] for at, events in outcome.events.items()}
    assert found[1000] is None
    assert found[1002]["owner"] == "****"
    said = {at[2]: dict(found[0][2])[headers.HEADERS] for at, found in outcome.dead.items()}
    assert said == {1001: b"too-large", **dict.fromkeys(odd_places, b"unreadable")}


def test_a_worker_pauses_on_a_bad_topic_says_so_and_goes_on_by_command(service: Service) -> None:
    service.add("1", seed=1)
    service.registry.promote("1")
    service.produce([*VALUES[:100], *[b"[]"] * 2000, *VALUES[100:200]])
    worker = service.start()
    try:
        assert eventually(lambda: "paused: 501 of" in service.page("ready")[1], 60)
        status, said = service.page("ready")
        assert status == 503
        for part in (
            "mostly wrong_type",
            f"{service.topics['records'].name}/0/600: 'Expected `object`, got `array`'",
            "`streamscore deadletters resume sensors.toml`",
        ):
            assert part in said
        status, said = service.page("health")
        assert (status, "paused: 501 of" in said) == (200, True)
        assert 'streamscore_paused{processor="scoring.sensors"} 1.0' in service.page("metrics")[1]
        letters = DeadLetters(service.settings, SOURCE)
        assert letters.counts(Selection(), 0).by_status["pending"] == {"wrong_type": 501}
        send_command(service.settings, Command(source="sensors", command=RESUME))
        worker.wait_for("goes on as told")
        worker.wait_for("pauses: paused: 51 of the latest 51 records")
        assert letters.counts(Selection(), 0).by_status["pending"] == {"wrong_type": 552}
        assert worker.leave() == 0
    finally:
        worker.kill()
