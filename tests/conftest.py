"""What every test shares: a clean environment, and one broker and one MLflow for the session."""

import os
import random
import signal
from collections.abc import Iterator

import pytest

from adapters.user_cache import user_cache_dir
from embedded.jars import ensure_jars
from embedded.kafka import Kafka
from embedded.mlflow_server import MlflowServer


def pytest_configure() -> None:
    """Let children be interrupted and hung up, also where a shell keeps the tests from it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # as under nohup


@pytest.fixture(scope="session", autouse=True)
def no_settings_in_the_environment() -> Iterator[None]:
    """No setting of whoever runs the tests reaches them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith("STREAMSCORE_"):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def embedded_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """The session's broker, for tests that restart it; others ask for `kafka`."""
    folder = tmp_path_factory.mktemp("kafka")
    jars = ensure_jars(user_cache_dir(os.environ))
    broker = Kafka(
        folder, folder / "kafka.log", jars, environ=os.environ, rng=random.SystemRandom()
    )
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture(scope="session")
def kafka(embedded_kafka: Kafka) -> str:
    """Bootstrap servers of the one broker of this session; name your topics after your test."""
    return embedded_kafka.bootstrap_servers


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Tracking URI of the one MLflow server of this session; name your models after your test."""
    folder = tmp_path_factory.mktemp("mlflow")
    server = MlflowServer(
        folder,
        folder / "mlflow.log",
        user_cache_dir(os.environ),
        environ=os.environ,
        rng=random.SystemRandom(),
    )
    server.launch()
    server.wait()
    yield server.tracking_uri
    server.stop()
