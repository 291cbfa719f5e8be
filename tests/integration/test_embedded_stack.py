import contextlib
import http.client
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from embedded.mlflow_server import MlflowServer
from embedded.stack import Stack
from streamscore.errors import StackError
from tests.processes import all_end, eventually, lives

EXPERIMENTS = "/api/2.0/mlflow/experiments/search?max_results=1"

pytestmark = pytest.mark.integration

PROGRAM = """
import json, os, sys, time
from pathlib import Path
from embedded.stack import Stack
with Stack(os.environ, data_dir=Path(sys.argv[1])) as stack:
    children = stack.kafka.child, stack.mlflow.child
    print(json.dumps([pid for child in children for pid in (child.pid, child.guard_pid)]))
    print(stack.bootstrap_servers, stack.tracking_uri, flush=True)
    time.sleep(600)
"""


class StackOfAnother:
    """A stack in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self._output = self.process.stdout

    def wait(self) -> None:
        self.pids: list[int] = json.loads(self._output.readline())
        self.addresses = self._output.readline().split()

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        self._output.close()
        return self.process.wait(20)


@contextlib.contextmanager
def stack_of_another(folder: Path) -> Iterator[StackOfAnother]:
    other = StackOfAnother(folder)
    try:
        yield other
    finally:
        other.end(signal.SIGKILL)


def status(tracking_uri: str, host: str | None = None) -> int:
    address = urlsplit(tracking_uri).netloc
    with contextlib.closing(http.client.HTTPConnection(address, timeout=10)) as connection:
        connection.request("GET", EXPERIMENTS, headers={"Host": host or address})
        return connection.getresponse().status


def admin_of(bootstrap_servers: str) -> AdminClient:
    # A client whose broker is gone would fill the output until it is collected.
    return AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})


def create_topic(bootstrap_servers: str, topic: str) -> None:
    admin = admin_of(bootstrap_servers)  # held until the answer is there
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(20)


def topics(bootstrap_servers: str) -> set[str]:
    return set(admin_of(bootstrap_servers).list_topics(timeout=20).topics)


def cluster_id(bootstrap_servers: str) -> str | None:
    return admin_of(bootstrap_servers).list_topics(timeout=20).cluster_id


def listening_addresses(pids: list[int]) -> set[str]:
    """Local addresses, as the kernel writes them, of what these processes listen on."""
    sockets = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                sockets.add(str(descriptor.readlink()))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pids[0]}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == "0A" and f"socket:[{rest[5]}]" in sockets:
                found.add(local.partition(":")[0])
    return found


def test_two_stacks_run_side_by_side_until_each_is_ended(tmp_path: Path) -> None:
    """Killing the process of one ends all of it, and does nothing to the other."""
    with stack_of_another(tmp_path / "other") as other, Stack(os.environ) as ours:
        other.wait()
        assert {*other.addresses}.isdisjoint({ours.bootstrap_servers, ours.tracking_uri})
        create_topic(ours.bootstrap_servers, "ours")
        assert "ours" not in topics(other.addresses[0])

        with pytest.raises(StackError, match="another stack is running in"):
            Stack(os.environ, data_dir=tmp_path / "other").__enter__()

        other.end(signal.SIGKILL)
        assert all_end(other.pids)
        assert eventually(lambda: not (tmp_path / "other" / "kafka").exists())
        ours.check()
        assert "ours" in topics(ours.bootstrap_servers)
        assert status(ours.tracking_uri) == 200
        folder = ours.folder
    assert not folder.exists()


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with Stack(os.environ, data_dir=tmp_path / "data", keep=True) as running:
        yield running


def test_a_stack_is_for_this_machine_alone_and_names_what_has_died(
    stack: Stack, tmp_path: Path
) -> None:
    """Loopback addresses and host names only; the log of a dead service is named."""
    kafka, mlflow = stack.kafka.child, stack.mlflow.child
    if sys.platform == "linux":
        addresses = listening_addresses([kafka.pid, mlflow.pid])
        assert addresses in ({"0100007F"}, {"0100007F", "0000000000000000FFFF00000100007F"})
    assert status(stack.tracking_uri) == 200
    assert status(stack.tracking_uri, host="10.example.org") == 403
    stack.check()

    os.kill(kafka.pid, signal.SIGKILL)
    assert all_end([kafka.pid, kafka.guard_pid])
    assert eventually(lambda: kafka.ended)
    with pytest.raises(StackError, match=r"Kafka has ended by itself\. Its log is .*kafka\.log"):
        stack.check()

    os.kill(mlflow.guard_pid, signal.SIGKILL)
    assert all_end([mlflow.pid, mlflow.guard_pid])
    assert (tmp_path / "data" / "logs" / "mlflow.log").is_file()


def test_kept_data_is_there_at_the_next_start(tmp_path: Path) -> None:
    """Topics and the cluster's id survive although the ports are others; Ctrl-C ends in order."""
    with Stack(os.environ, data_dir=tmp_path, keep=True) as stack:
        create_topic(stack.bootstrap_servers, "kept")
        first_id = cluster_id(stack.bootstrap_servers)
    with stack_of_another(tmp_path) as again:
        again.wait()
        assert "kept" in topics(again.addresses[0])
        assert cluster_id(again.addresses[0]) == first_id
        assert lives(again.pids[0])
        again.end(signal.SIGINT)
        assert all_end(again.pids, limit_seconds=5)
    assert (tmp_path / "kafka").exists()


def test_a_stack_that_cannot_start_names_the_log_and_leaves_nothing_running(
    tmp_path: Path,
) -> None:
    (tmp_path / "mlflow").mkdir()
    (tmp_path / "mlflow" / "mlflow.db").write_text("this is no database")
    stack = Stack(os.environ, data_dir=tmp_path)
    with pytest.raises(StackError) as caught:
        stack.__enter__()
    assert "MLflow ended with exit code 1" in str(caught.value)
    assert str(tmp_path / "logs" / "mlflow.log") in str(caught.value)
    assert "file is not a database" in str(caught.value)
    assert all_end([stack.kafka.child.pid, stack.kafka.child.guard_pid])
    assert (tmp_path / "logs" / "mlflow.log").is_file()
    assert not (tmp_path / "kafka").exists()


def test_a_cache_that_cannot_be_written_ends_no_start(tmp_path: Path) -> None:
    """Root may write anywhere, so a file lies where the cache's folder would be."""
    blocked = tmp_path / "cache"
    blocked.write_text("in the way")
    server = MlflowServer(
        tmp_path / "data", tmp_path / "log", blocked, environ=os.environ, rng=random.Random(1)
    )
    try:
        server.launch()
        server.wait()
        assert server.tracking_uri.startswith("http://127.0.0.1:")
    finally:
        server.stop()
