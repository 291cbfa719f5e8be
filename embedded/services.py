"""The project's own services beside an embedded stack, each a child process with its log."""

from __future__ import annotations

import contextlib
import http.client
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from embedded.child import Child, child_environment
from embedded.ports import LOOPBACK
from embedded.stack import Stack
from streamscore.errors import StackError

SETTINGS_FILE: Final = "streamscore.toml"
LOGS: Final = "logs"
BUNDLES: Final = "bundles"

_ANSWER_SECONDS: Final = 2.0


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """Where a running stack is reached, and where its data, logs and settings are."""

    kafka: str
    mlflow: str
    metrics: str
    folder: str
    logs: str
    settings_file: str


def write_settings(stack: Stack, worker_port: int) -> Path:
    """Write the settings file that leads every command to a running stack.

    Parameters
    ----------
    stack : Stack
        A running stack; the file goes into its folder.
    worker_port : int
        Port of the scorer's pages.

    Returns
    -------
    Path
        The file, for ``streamscore --config FILE`` or to be copied into a working folder.
    """
    sections: dict[str, dict[str, str | int | float]] = {
        "kafka": {"bootstrap_servers": stack.bootstrap_servers},
        "mlflow": {
            "tracking_uri": stack.tracking_uri,
            "cache_dir": str(stack.folder / BUNDLES),
        },
        "worker": {"port": worker_port},
        # Shorter than in a real deployment: somebody is looking on.
        "scorer": {"model_poll_seconds": 2.0},
    }
    lines = []
    for section, values in sections.items():
        lines += [f"[{section}]", *(f"{k} = {json.dumps(v)}" for k, v in values.items()), ""]
    path = stack.folder / SETTINGS_FILE
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text("\n".join(lines), "utf-8")
    unfinished.replace(path)  # at once: another process may be waiting for it
    return path


def service_environment(stack: Stack, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a service beside a stack: no setting but the stack's.

    Parameters
    ----------
    stack : Stack
        A running stack.
    environ : Mapping[str, str]
        The environment of this process.
    """
    no_proxy = {k: v for k, v in stack.settings().items() if k.lower() == "no_proxy"}
    return child_environment(environ, **no_proxy, PYTHONUNBUFFERED="1", NO_COLOR="1")


class ScorerService:
    """``streamscore score`` as a child process.

    Parameters
    ----------
    settings_file : Path
        As `write_settings` wrote it.
    sources : Sequence[str]
        Names of sources, or paths of their TOML files.
    port : int
        Port of its pages, the one in the settings file.
    environment : Mapping[str, str]
        The whole environment of the process.
    log_path : Path
        Where its output is appended; the folder exists.
    """

    def __init__(
        self,
        settings_file: Path,
        sources: Sequence[str],
        port: int,
        *,
        environment: Mapping[str, str],
        log_path: Path,
    ) -> None:
        self._port = port
        self.child = Child(
            "the scorer",
            [
                *(sys.executable, "-P", "-m", "cli.app"),
                *("--config", str(settings_file), "score", *sources),
            ],
            environment=environment,
            log_path=log_path,
            stop_seconds=15.0,
        )

    @property
    def address(self) -> str:
        """``http://host:port`` of its pages."""
        return f"http://{LOOPBACK}:{self._port}"

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Run it for as long as the block."""
        self.child.start()
        try:
            yield
        finally:
            self.child.stop()

    def wait_alive(self, limit_seconds: float) -> None:
        """Wait until its pages answer.

        Raises
        ------
        StackError
            It ended, or did not answer in time; names the log.
        """
        self.child.wait_until(lambda: self._page("/health") is not None, limit_seconds)

    def wait_ready(self, limit_seconds: float) -> None:
        """Wait until it holds partitions and a model.

        Raises
        ------
        StackError
            It ended, or did not become ready in time; names the log.
        """
        self.child.wait_until(lambda: self._page("/ready") is not None, limit_seconds)

    def check(self) -> None:
        """Do nothing while it runs.

        Raises
        ------
        StackError
            It has ended by itself; names its log and shows the end of it.
        """
        if self.child.ended:
            raise StackError(self.child.failure("has ended by itself"))

    def counters(self, source: str) -> dict[str, float]:
        """Read its counters of one source.

        Parameters
        ----------
        source : str
            Name of the source.

        Returns
        -------
        dict[str, float]
            Sums over the other labels, by the name of the metric; empty while it does not answer.
        """
        page = self._page("/metrics")
        return {} if page is None else summed_counters(page, source)

    def _page(self, path: str) -> str | None:
        """Return the text of a page, None unless it answers 200."""
        # Not through a proxy, whatever the environment says.
        connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=_ANSWER_SECONDS)
        with contextlib.closing(connection):
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                text = answer.read().decode()
            except (OSError, http.client.HTTPException):
                return None
        return text if answer.status == http.client.OK else None


def addresses_of(stack: Stack, scorer: ScorerService) -> Addresses:
    """Return where a stack and the scorer beside it are."""
    return Addresses(
        kafka=stack.bootstrap_servers,
        mlflow=stack.tracking_uri,
        metrics=f"{scorer.address}/metrics",
        folder=str(stack.folder),
        logs=str(stack.folder / LOGS),
        settings_file=str(stack.folder / SETTINGS_FILE),
    )


def summed_counters(exposition: str, source: str) -> dict[str, float]:
    """Sum the counters of one source's live stream in a page of metrics; runs are left out.

    Parameters
    ----------
    exposition : str
        The page, in Prometheus's text format.
    source : str
        Value of the label ``source``.

    Returns
    -------
    dict[str, float]
        Sums over the other labels, by the name of the metric.

    Examples
    --------
    >>> page = '''# TYPE deadletters counter
    ... deadletters_total{source="a",reason="x"} 1.0
    ... deadletters_total{source="a",reason="y"} 2.0
    ... deadletters_total{source="b",reason="x"} 4.0
    ... deadletters_total{source="a",run="june",reason="x"} 8.0
    ... '''
    >>> summed_counters(page, "a")
    {'deadletters_total': 3.0}
    """
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            labels = sample.labels
            if labels.get("source") != source or labels.get("run"):
                continue
            if sample.name.endswith("_total"):
                sums[sample.name] = sums.get(sample.name, 0.0) + sample.value
    return sums
