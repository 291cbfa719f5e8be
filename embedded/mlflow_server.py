"""One MLflow server on this machine: SQLite, and artifacts in a folder served through it."""

from __future__ import annotations

import contextlib
import http.client
import random
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

from embedded.child import Child, child_environment
from embedded.ports import LOOPBACK, answers, free_ports
from streamscore.errors import StackError

_START_LIMIT_SECONDS: Final = 120.0  # the first start compiles MLflow's thousands of modules
_PORT_TRIES: Final = 5

_ENVIRONMENT: Final = {
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # six processes and a gigabyte for nothing here
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # MLflow's own default also accepts every name that begins like a private address.
    "MLFLOW_SERVER_ALLOWED_HOSTS": f"{LOOPBACK}:*,localhost:*",
    "PYTHONWARNINGS": "ignore",
}


class MlflowServer:
    """A tracking server and model registry with its data in one folder.

    Parameters
    ----------
    data_dir : Path
        Folder of the database and the artifacts; made when absent, kept on stopping.
    log_path : Path
        Where its output is appended; the folder exists.
    cache_dir : Path or None
        This project's cache folder, where an empty database is kept to start from: its migrations
        take 2 s. None does without.
    environ : Mapping[str, str]
        The environment of this process; settings of MLflow in it do not reach the server.
    rng : random.Random
        Chooses the port.
    remove : Path or None
        A folder to be deleted if this process dies without having stopped the server.
    """

    def __init__(
        self,
        data_dir: Path,
        log_path: Path,
        cache_dir: Path | None,
        *,
        environ: Mapping[str, str],
        rng: random.Random,
        remove: Path | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.log_path = log_path
        theirs = {k: v for k, v in environ.items() if not k.startswith(("MLFLOW_", "_MLFLOW_"))}
        self._environment = child_environment(theirs, **_ENVIRONMENT)
        self._rng = rng
        self._remove = remove
        self._template = cache_dir and cache_dir / f"mlflow-{version('mlflow')}.db"
        self._port = 0
        self._is_new = False
        self._child: Child | None = None

    @property
    def tracking_uri(self) -> str:
        """``http://host:port``."""
        if not self._port:
            raise StackError("MLflow has no address yet; start it first")
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def child(self) -> Child:
        """The process that runs the server."""
        if self._child is None:
            raise StackError("MLflow is not running; start it first")
        return self._child

    def launch(self) -> None:
        """Start the server and return at once; `wait` tells when it answers."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._is_new = not self._database.exists()
        if self._is_new and self._template and self._template.exists():
            shutil.copyfile(self._template, self._database)
        self._launch_once()

    def wait(self) -> None:
        """Wait until the launched server answers.

        Raises
        ------
        StackError
            It did not start; names the log and shows its end.
        """
        for tries_left in reversed(range(_PORT_TRIES)):
            try:
                self.child.wait_until(self._is_healthy, _START_LIMIT_SECONDS)
                break
            except BaseException as error:
                self.stop()
                taken = any("Address already in use" in line for line in self.child.log_lines())
                if not (isinstance(error, StackError) and taken and tries_left):
                    raise
            self._launch_once()
        self._keep_template()

    def order_end(self) -> None:
        """Ask for the end and return without waiting for it."""
        if self._child is not None:
            self._child.order_end()

    def stop(self) -> None:
        """End the server in order; harmless when it has ended."""
        if self._child is not None:
            self._child.stop()

    @property
    def _database(self) -> Path:
        return self.data_dir / "mlflow.db"

    def _launch_once(self) -> None:
        (self._port,) = free_ports(1, self._rng)
        places = (str(self._database), str(self.data_dir / "artifacts"), str(self._port))
        self._child = Child(
            "MLflow",
            [sys.executable, "-P", "-m", "embedded.mlflow_process", *places],
            environment=self._environment,
            log_path=self.log_path,
            remove=self._remove,
        )
        self._child.start()

    def _is_healthy(self) -> bool:
        if not answers(self._port):
            return False
        # Not through a proxy, whatever the environment says.
        connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=1.0)
        with contextlib.closing(connection):
            try:
                connection.request("GET", "/health")
                return connection.getresponse().status == http.client.OK
            except (OSError, http.client.HTTPException):
                return False

    def _keep_template(self) -> None:
        # It only makes the next start faster: a cache that cannot be written must not end this one.
        with contextlib.suppress(OSError, sqlite3.OperationalError):
            self._copy_to_template()

    def _copy_to_template(self) -> None:
        """Keep the new database, which nobody has used yet, as the next one's beginning.

        Nothing in it is of this server alone: the schema, its revision, the default experiment.
        """
        if not self._is_new or self._template is None or self._template.exists():
            return
        self._template.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._template.parent) as folder:
            copy = Path(folder) / "copy.db"
            with (
                contextlib.closing(sqlite3.connect(self._database)) as ours,
                contextlib.closing(sqlite3.connect(copy)) as theirs,
            ):
                ours.backup(theirs)
            copy.replace(self._template)  # at once: another process may look for it
