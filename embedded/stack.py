"""Kafka and MLflow together, for as long as a block of code runs."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from adapters.user_cache import user_cache_dir
from embedded.data_folder import DataFolder, data_folder
from embedded.jars import ensure_jars
from embedded.kafka import Kafka
from embedded.launchers import ended_with_launchers
from embedded.mlflow_server import MlflowServer
from streamscore.errors import StackError

_KAFKA: Final = "kafka"
_MLFLOW: Final = "mlflow"


class Stack:
    """A Kafka and an MLflow of one's own, on free loopback ports.

    They end with the block, on an error or Ctrl-C in it, and with this process however it ends;
    this process is interrupted when a ``make`` or ``uv run`` that launched it is killed.
    Any number of stacks run side by side, each in a folder of its own.

    Parameters
    ----------
    environ : Mapping[str, str]
        The environment of this process.
    data_dir : Path or None
        Where data and logs lie: ``kafka``, ``mlflow`` and ``logs`` below it. A temporary folder
        unless given.
    keep : bool
        Whether the data stays at the end. What an earlier run left in ``data_dir`` always stays.
    cache_dir : Path or None
        Where downloaded jars are kept; the user's cache folder unless given.
    rng : random.Random or None
        Chooses ports and the cluster's id; the system's randomness unless given.

    Notes
    -----
    For instance::

        with Stack(os.environ) as stack:
            print(stack.bootstrap_servers, stack.tracking_uri)
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        data_dir: Path | None = None,
        keep: bool = False,
        cache_dir: Path | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._environ = dict(environ)
        self._data_dir = data_dir
        self._keep = keep
        self._cache_dir = cache_dir or user_cache_dir(environ)
        self._rng = rng or random.SystemRandom()
        self._ending = contextlib.ExitStack()
        self._kafka: Kafka | None = None
        self._mlflow: MlflowServer | None = None
        self._folder: DataFolder | None = None

    @property
    def kafka(self) -> Kafka:
        """The broker."""
        if self._kafka is None:
            raise StackError("the embedded stack is not running; enter its `with` block first")
        return self._kafka

    @property
    def mlflow(self) -> MlflowServer:
        """The MLflow server."""
        if self._mlflow is None:
            raise StackError("the embedded stack is not running; enter its `with` block first")
        return self._mlflow

    @property
    def bootstrap_servers(self) -> str:
        """Address of Kafka, ``host:port``."""
        return self.kafka.bootstrap_servers

    @property
    def tracking_uri(self) -> str:
        """Address of MLflow, ``http://host:port``."""
        return self.mlflow.tracking_uri

    @property
    def folder(self) -> Path:
        """Where the data and, in ``logs``, the logs are."""
        if self._folder is None:
            raise StackError("the embedded stack is not running; enter its `with` block first")
        return self._folder.path

    def settings(self) -> dict[str, str]:
        """Give the environment variables that lead a service to this stack.

        Returns
        -------
        dict[str, str]
            The two addresses, and that no proxy stands before them.
        """
        before = self._environ.get("NO_PROXY") or self._environ.get("no_proxy")
        no_proxy = ",".join(filter(None, (before, "127.0.0.1", "localhost")))
        return {
            "STREAMSCORE_KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "STREAMSCORE_MLFLOW_TRACKING_URI": self.tracking_uri,
            "NO_PROXY": no_proxy,
            "no_proxy": no_proxy,
        }

    def check(self) -> None:
        """Do nothing while both run.

        Raises
        ------
        StackError
            One has ended by itself; names its log and shows the end of it.
        """
        for child in (self.kafka.child, self.mlflow.child):
            if child.ended:
                raise StackError(child.failure("has ended by itself"))

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as ending:  # left in reverse order
            folder = self._folder = ending.enter_context(
                data_folder(self._data_dir, (_KAFKA, _MLFLOW), keep=self._keep)
            )
            ending.enter_context(ended_with_launchers())
            self._mlflow = self._make_mlflow(folder)
            ending.callback(self._mlflow.stop)
            self._mlflow.launch()  # it loads while Kafka starts
            self._kafka = self._make_kafka(folder)
            ending.callback(self._kafka.stop)
            ending.callback(self._order_ends)
            self._kafka.start()
            self._mlflow.wait()
            self._ending = ending.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.__exit__(kind, error, trace)

    def _make_mlflow(self, folder: DataFolder) -> MlflowServer:
        return MlflowServer(
            folder.part(_MLFLOW),
            folder.log_path(_MLFLOW),
            self._cache_dir,
            environ=self._environ,
            rng=self._rng,
            remove=folder.to_remove(_MLFLOW),
        )

    def _make_kafka(self, folder: DataFolder) -> Kafka:
        return Kafka(
            folder.part(_KAFKA),
            folder.log_path(_KAFKA),
            ensure_jars(self._cache_dir),
            environ=self._environ,
            rng=self._rng,
            remove=folder.to_remove(_KAFKA),
        )

    def _order_ends(self) -> None:
        """Let both end at the same time; the stops that follow wait for them."""
        self.kafka.order_end()
        self.mlflow.order_end()
