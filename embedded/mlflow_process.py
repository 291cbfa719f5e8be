"""The process of the embedded MLflow server.

``mlflow server`` loads MLflow twice, once to look at its options and once more in the server that
it then starts; on two cores that doubles the time to the first answer (10.4 s against 5.7 s).
This does the same steps in one process: bind, bring the database up to date, serve. MLflow is
pinned, and its names are imported rather than spelled, so another version fails at once.

It is run as ``python -P -m embedded.mlflow_process DATABASE ARTIFACTS PORT``.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

_GRACEFUL_SECONDS = 2


def main(arguments: Sequence[str]) -> int:
    """Serve until told to stop.

    Parameters
    ----------
    arguments : Sequence[str]
        Path of the SQLite database, folder of the artifacts, port on the loopback address.

    Returns
    -------
    int
        0.
    """
    database, artifacts, port = arguments
    with _bound(int(port)) as server_socket:  # before the slow part: a taken port is known at once
        gc.disable()  # the imports make many objects that all stay
        _configure(f"sqlite:///{database}", artifacts)
        _serve(server_socket)
    return 0


def _bound(port: int) -> socket.socket:
    from embedded.ports import LOOPBACK

    server_socket = socket.socket()
    server_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server_socket.bind((LOOPBACK, port))
    return server_socket


def _configure(store_uri: str, artifacts: str) -> None:
    """Say where everything is, and create or migrate the database."""
    from mlflow.server import constants

    Path(artifacts).mkdir(parents=True, exist_ok=True)
    artifact_root = "mlflow-artifacts:/"  # clients send artifacts to the server, not to a disk
    os.environ |= {
        constants.BACKEND_STORE_URI_ENV_VAR: store_uri,
        constants.REGISTRY_STORE_URI_ENV_VAR: store_uri,
        constants.ARTIFACT_ROOT_ENV_VAR: artifact_root,
        constants.SERVE_ARTIFACTS_ENV_VAR: "true",
        constants.ARTIFACTS_DESTINATION_ENV_VAR: Path(artifacts).absolute().as_uri(),
    }
    from mlflow.server.handlers import initialize_backend_stores

    initialize_backend_stores(store_uri, store_uri, artifact_root)


def _serve(server_socket: socket.socket) -> None:
    import uvicorn
    from mlflow.server.fastapi_app import app

    gc.enable()
    gc.freeze()
    config = uvicorn.Config(
        app, workers=1, access_log=False, timeout_graceful_shutdown=_GRACEFUL_SECONDS
    )
    uvicorn.Server(config).run(sockets=[server_socket])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
