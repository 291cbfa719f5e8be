"""Runs beside the live stream: scored by the same workers, equal to it, and never in its way."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from adapters.mlflow_rest import MlflowRest
from adapters.registry import ModelVersion, Registry, model_name
from adapters.run_reports import RunReport, list_runs
from adapters.runs import close_run, open_run_with
from adapters.runs_topic import change_runs, read_runs
from adapters.topic_admin import TopicAdmin
from benchmarks._faults.outcome import read_topic
from benchmarks._faults.processes import WorkerProcess
from cli.app import main
from streamscore.errors import UsageError
from streamscore.runs import LaterRun, Run, group_of, run_key, scoring_processor
from streamscore.topics import name_of_source, topic_name
from tests.integration.test_scoring_worker import SOURCE, VALUES, Service
from tests.processes import eventually
from tests.sensors import SENSORS_TOML, write_lines

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

TWO_OF_FOUR = [False, False, True, True]
BAD = b'{"sensor": 1}'


class Stream(Service):
    """The service of one test, with runs."""

    def open(self, name: str, version: str = "1", partitions: int | None = None) -> Run:
        found = ModelVersion(
            name=SOURCE.name, version=int(version), run_id="", created_ms=0, tags={}
        )
        return open_run_with(
            self.settings, SOURCE, name, lambda: found, now_ms=1_000, partitions=partitions
        )

    def close(self, name: str, *, force: bool = False) -> Run:
        return close_run(self.settings, SOURCE.name, name, now_ms=2_000, force=force)

    def topic(self, kind: Any, name: str) -> str:
        return name_of_source(kind, SOURCE.name, prefix=self.settings.topics.prefix, run=name)

    def produce_to(self, name: str, values: list[bytes], partitions: int = 1) -> None:
        producer = Producer({"bootstrap.servers": self.servers, "log_level": 2})
        for place, value in enumerate(values):
            producer.produce(self.topic("records", name), value, partition=place % partitions)
        assert producer.flush(30) == 0

    def report(self, name: str) -> RunReport:
        return next(one for one in list_runs(self.settings, SOURCE.name) if one.run.run == name)

    def done(self, name: str) -> RunReport:
        assert eventually(lambda: self.report(name).is_done, 60)
        return self.report(name)

    def lines_of(self, name: str, partitions: int = 1) -> list[dict[str, Any]]:
        found = read_topic(self.servers, self.topic("scores", name), partitions)
        return [msgspec.json.decode(message.value() or b"") for message in found]

    def events_of(self, topic: str) -> list[dict[str, Any]]:
        found = read_topic(self.servers, topic, 1)
        return [msgspec.json.decode(message.value() or b"") for message in found]

    def groups(self) -> set[str]:
        admin = AdminClient({"bootstrap.servers": self.servers, "log_level": 2})
        return {one.group_id for one in admin.list_consumer_groups().result().valid}

    def group(self, name: str) -> str:
        return group_of(self.settings, scoring_processor(SOURCE.name, name))

    def there(self, topic: str) -> bool:
        with TopicAdmin(self.settings.kafka) as admin:
            return topic in admin.describe([topic])


@pytest.fixture
def untrained(kafka: str, request: pytest.FixtureRequest, tmp_path: Path) -> Stream:
    return Stream(kafka, f"runs.{request.node.name[:50]}", tmp_path)


@pytest.fixture
def stream(untrained: Stream) -> Stream:
    """With version 1 in production."""
    untrained.add("1", seed=1)
    untrained.registry.promote("1")
    return untrained


def an_open_run(name: str) -> Run:
    """A run as somebody opened it."""
    return Run(
        source=SOURCE.name,
        run=name,
        status="open",
        model="m",
        version="1",
        partitions=1,
        opened_at="2026-10-26T07:30:00.000Z",
    )


def told(event: dict[str, Any]) -> dict[str, Any]:
    """What an event tells but for its place, its time and its run."""
    data = {k: v for k, v in event["data"].items() if k not in {"position", "run"}}
    return {**{k: v for k, v in event.items() if k not in {"id", "time", "subject"}}, "data": data}


def test_a_run_is_taken_up_scored_as_the_live_stream_and_closed(stream: Stream) -> None:
    stream.produce(VALUES[:700])
    worker = stream.start()
    try:
        live = stream.wait_for(700)
        # Another version comes into production; the run's is stated.
        stream.add("2", seed=2)
        stream.registry.promote("2")
        for name in ("june", "again"):
            stream.open(name)
            stream.produce_to(name, [*VALUES[:700], BAD])
        june, again = stream.done("june"), stream.done("again")
        assert stream.lines_of("june") == live == stream.lines_of("again")
        events = stream.events_of(stream.topic("anomalies", "june"))
        of_stream = stream.events_of(stream.topics["anomalies"].name)
        assert [told(one) for one in events] == [told(one) for one in of_stream] != []
        assert {one["data"]["run"] for one in events} == {"june"}
        assert not any("run" in one["data"] for one in of_stream)
        assert (june.scored, june.dead_letters, june.left, june.records) == (700, 1, 0, 701)
        assert june.anomalies == len(events)
        assert stream.group("june") in stream.groups()
        stream.close("june")
        assert stream.group("june") not in stream.groups()
        assert not stream.there(stream.topic("state", "june"))
        assert stream.lines_of("june") == live
        kept = stream.close("june").progress
        assert kept is not None
        assert kept.tally.scored == 700
        assert stream.report("june").anomalies == again.anomalies
        with pytest.raises(UsageError, match="another name"):
            stream.open("june")
        stream.produce(VALUES[700:800])
        stream.wait_for(800)
        assert worker.leave() == 0
    finally:
        worker.kill()


def owned(worker: WorkerProcess) -> str:
    """The partitions of the run that a worker was last given; nothing before that."""
    given = re.findall(r"scoring\.sensors\.wide owns partitions (\S+) of", worker.log())
    return str(given[-1]) if given else ""


def test_workers_share_a_run_and_one_goes_on_for_the_other(stream: Stream) -> None:
    stream.open("wide", partitions=2)
    stream.produce_to("wide", VALUES[:400], partitions=2)
    first, second = stream.start(slot=0), stream.start(slot=1)
    try:
        assert eventually(lambda: {owned(first), owned(second)} == {"[0]", "[1]"}, 60)
        stream.produce_to("wide", VALUES[400:800], partitions=2)
        assert eventually(lambda: stream.report("wide").scored == 800, 60)
        first.kill()
        stream.produce_to("wide", VALUES[800:1000], partitions=2)
        assert eventually(lambda: stream.report("wide").scored == 1000, 60)
        assert second.leave() == 0
    finally:
        first.kill()
        second.kill()
    lines = stream.lines_of("wide", 2)
    for partition in range(2):
        own = [line for line in lines if line["partition"] == partition]
        assert [line["offset"] for line in own] == list(range(500))
        outcomes = [(line["score"], line["p_value"]) for line in own]
        assert outcomes == stream.fold("1", VALUES[partition:1000:2], partitions=2)


def test_runs_that_fail_leave_the_live_stream_alone(stream: Stream) -> None:
    (stream.registry.folder / "7").mkdir()
    (stream.registry.folder / "7" / "bundle.json").write_bytes(b"{")
    for name, version in (("gone", "9"), ("broken", "7"), ("emptied", "1")):
        stream.open(name, version)
        stream.produce_to(name, VALUES[:10])
    admin = AdminClient({"bootstrap.servers": stream.servers, "log_level": 2})
    for deleted in admin.delete_topics([stream.topic("state", "emptied")]).values():
        deleted.result()
    worker = stream.start()
    try:
        for name in ("gone", "broken", "emptied"):
            worker.wait_for(f"run sensors/{name} failed and is tried again")
        stream.produce(VALUES[:300])
        assert len(stream.wait_for(300)) == 300
        with pytest.raises(UsageError, match="10 left"):
            stream.close("gone")
        stream.close("gone", force=True)
        worker.wait_for("run sensors/gone is left")
        assert worker.leave() == 0
    finally:
        worker.kill()


def test_the_limit_holds_when_runs_are_opened_at_once(untrained: Stream) -> None:
    scorer = msgspec.structs.replace(untrained.settings.scorer, max_open_runs=2)
    untrained.settings = msgspec.structs.replace(untrained.settings, scorer=scorer)

    def refusal(name: str) -> str:
        try:
            untrained.open(name, partitions=1)
        except UsageError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(4) as pool:
        refusals = list(pool.map(refusal, ["a", "b", "c", "d"]))
    assert sorted("at most 2 runs may be open" in one for one in refusals) == TWO_OF_FOUR
    assert len(list_runs(untrained.settings)) == 2


def test_a_run_of_a_later_version_is_named_and_never_written_over(untrained: Stream) -> None:
    untrained.open("june", partitions=1)
    producer = Producer({"bootstrap.servers": untrained.servers, "log_level": 2})
    topic = topic_name("runs", prefix=untrained.settings.topics.prefix)
    key = run_key(SOURCE.name, "june")
    producer.produce(topic, b'{"format": 2, "status": "?"}', key)
    assert producer.flush(30) == 0
    for ask in (untrained.open, untrained.close):
        with pytest.raises(UsageError, match="received format 2"):
            ask("june")
    june = read_runs(untrained.settings)[key]
    assert isinstance(june, LaterRun)
    with pytest.raises(UsageError, match="received format 2"):
        change_runs(untrained.settings, lambda _runs: an_open_run("june"))
    assert untrained.report("june").fault == june.why
    assert read_runs(untrained.settings) == {key: june}


class Registered(NamedTuple):
    """An MLflow that knows a version, and a source."""

    uri: str
    source: Path
    version: str


@pytest.fixture
def registered(mlflow_server: str, tmp_path: Path) -> Registered:
    """A version of the source's model, registered and in production; nobody fetches it."""
    toml = tmp_path / "commands.toml"
    toml.write_bytes(SENSORS_TOML.replace(b'name = "sensors"', b'name = "runs-commands"'))
    rest = MlflowRest(mlflow_server, {}, 10.0)
    name = model_name("runs-commands")
    rest.post("registered-models/create", {"name": name})
    run = rest.post("runs/create", {"experiment_id": "0"})["run"]["info"]
    wish = {"name": name, "source": f"{run['artifact_uri']}/model", "run_id": run["run_id"]}
    made = rest.post("model-versions/create", wish)["model_version"]["version"]
    Registry(mlflow_server, {}).promote(name, int(made))
    return Registered(mlflow_server, toml, str(made))


def test_a_run_is_replayed_listed_and_closed_by_commands(
    kafka: str, registered: Registered, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = write_lines(tmp_path / "a.jsonl", VALUES[:40])
    settings = {
        "kafka.bootstrap_servers": kafka,
        "mlflow.tracking_uri": registered.uri,
        "topics.prefix": "runs.commands.",
        "scorer.max_open_runs": "2",
    }
    given = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]

    def ask(*words: str) -> Any:
        code = main([*given, *words])
        said = capsys.readouterr()
        return msgspec.json.decode(said.out) if code == 0 else said.err

    source, rejects = str(registered.source), ["--rejects", str(tmp_path / "rejects.jsonl")]
    assert "must be readable" in ask("replay", source, "no-such.jsonl", "--run", "may", *rejects)
    sent = ask("replay", source, str(records), "--run", "june", *rejects, "--json")
    assert sent["topic"] == "runs.commands.records.runs-commands.june"
    behind = ask("replay", source, str(records), "--run", "june", *rejects, "--json")
    assert "with --run NAME" in behind
    opened = ask("runs", "open", source, "july", "--model", "production", "--json")
    assert (opened["version"], opened["status"]) == (registered.version, "open")
    assert ask("runs", "open", source, "july", "--model", registered.version, "--json") == opened
    assert "at most 2 runs may be open" in ask("runs", "open", source, "august")
    assert "has no nobody" in ask("runs", "open", source, "may", "--model", "nobody")
    assert "at most 49 lower-case letters" in ask("runs", "open", source, "June")
    listed = {one["run"]["run"]: one for one in ask("runs", "list", source, "--json")}
    assert listed.keys() == {"june", "july"}
    # 40 records, the marks of begin and end, and no worker that would score them.
    assert (listed["june"]["left"], listed["june"]["is_done"]) == (42, False)
    assert (listed["july"]["left"], listed["july"]["is_done"]) == (0, False)
    assert "42 left" in ask("runs", "close", source, "june")
    assert ask("runs", "close", source, "june", "--force", "--json")["status"] == "closed"
    assert ask("runs", "close", source, "july", "--json")["progress"]["left"] == 0
    assert len(ask("runs", "list", "runs-commands", "--json")) == 2
    assert "that has runs; 'nonsense' is none of these" in ask("runs", "list", "nonsense")
    assert main([*given, "runs", "list"]) == 0
    assert capsys.readouterr().out.count("closed") == 2
    assert "has no may" in ask("runs", "close", source, "may")
