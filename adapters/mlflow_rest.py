"""MLflow's REST interface, without mlflow."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from streamscore.errors import RegistryError, UsageError

_NOT_THERE = {"RESOURCE_DOES_NOT_EXIST", "RESOURCE_NOT_FOUND"}


class NotThereError(RegistryError):
    """What was asked for does not exist."""


class MlflowRest:
    """Asks an MLflow server, with the credentials that MLflow's own variables hold.

    Parameters
    ----------
    tracking_uri : str
        Address of the MLflow server, ``http://`` or ``https://``.
    environ : Mapping[str, str]
        Where MLflow's own variables are read: ``MLFLOW_TRACKING_USERNAME`` and ``_PASSWORD``, or
        ``MLFLOW_TRACKING_TOKEN``, ``MLFLOW_TRACKING_SERVER_CERT_PATH``,
        ``MLFLOW_TRACKING_INSECURE_TLS``.
    timeout_seconds : float
        How long an answer may take.
    """

    def __init__(
        self, tracking_uri: str, environ: Mapping[str, str], timeout_seconds: float
    ) -> None:
        self.address = tracking_uri.rstrip("/")
        self._timeout_seconds = timeout_seconds
        self._headers = _authorization(environ)
        self._tls = _tls_context(environ) if self.address.startswith("https:") else None

    def get(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Return the answer to a question; `path` follows ``/api/2.0/mlflow/``.

        Raises
        ------
        NotThereError
            When what is asked for does not exist.
        RegistryError
            When MLflow cannot be reached or refuses.
        """
        return self._ask("GET", f"{path}?{urllib.parse.urlencode(query)}", None)

    def post(self, path: str, body: Mapping[str, str]) -> dict[str, Any]:
        """Return the answer to a wish; it raises as `get` does."""
        return self._ask("POST", path, json.dumps(body).encode())

    def _ask(self, method: Literal["GET", "POST"], path: str, body: bytes | None) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310  # settings allow http and https alone
            f"{self.address}/api/2.0/mlflow/{path}",
            data=body,
            method=method,
            headers={**self._headers, "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(  # noqa: S310  # as above
                request, timeout=self._timeout_seconds, context=self._tls
            ) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            raise self._refusal(path, error.code, _body(error)) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._error(f"received {getattr(error, 'reason', None) or error!r}") from error
        if not isinstance(answer, dict):
            raise self._error(f"received {type(answer).__name__} where an object was expected")
        return answer

    def _refusal(self, path: str, status: int, body: bytes) -> RegistryError:
        try:
            answer = msgspec.json.decode(body, type=dict[str, Any])
        except msgspec.MsgspecError:
            answer = {}
        if str(answer.get("error_code")) in _NOT_THERE:
            return NotThereError(str(answer.get("message")))
        detail = answer.get("message") or body[:200].decode(errors="replace")
        return self._error(f"received status {status} for {path.partition('?')[0]}: {detail}")

    def _error(self, received: str) -> RegistryError:
        return RegistryError(
            f"MLflow at {self.address} must answer within {self._timeout_seconds:g} s; "
            f"{received}. Check that it runs, mlflow.tracking_uri, and MLFLOW_TRACKING_USERNAME "
            "and MLFLOW_TRACKING_PASSWORD where it asks for them."
        )


def _body(error: urllib.error.HTTPError) -> bytes:
    try:
        with error:
            return error.read(65_536)
    except (OSError, http.client.HTTPException):
        return b""  # it went away while it refused: the status says enough


def _authorization(environ: Mapping[str, str]) -> dict[str, str]:
    user, token = environ.get("MLFLOW_TRACKING_USERNAME"), environ.get("MLFLOW_TRACKING_TOKEN")
    if user:
        pair = f"{user}:{environ.get('MLFLOW_TRACKING_PASSWORD', '')}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    return {"Authorization": f"Bearer {token}"} if token else {}


def _tls_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    file = environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH")
    try:
        context = ssl.create_default_context(cafile=file or None)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"MLFLOW_TRACKING_SERVER_CERT_PATH must be a readable PEM file; received {file}: "
            f"{error}."
        ) from error
    if environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in {"true", "1"}:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
