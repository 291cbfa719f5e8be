"""The registry over REST: credentials, refusals, and answers that are none."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from adapters.bundle_cache import bundle_cache_dir, fetch_bundle
from adapters.registry import Registry
from streamscore.errors import RegistryError, UsageError
from streamscore.settings import Mlflow


class Answers(HTTPServer):
    """A server that gives one answer to every question and keeps the questions' headers."""

    status = 200
    body = b"{}"
    missing_bytes = 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.authorizations: list[str | None] = []

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Answers

    def do_GET(self) -> None:
        self.server.authorizations.append(self.headers["Authorization"])
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body) + self.server.missing_bytes))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        """Say nothing: standard error belongs to the tests."""


@pytest.fixture
def server() -> Iterator[Answers]:
    with Answers() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_no_model_is_no_version(server: Answers) -> None:
    server.status = 404
    server.body = b'{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "not found"}'
    registry = Registry(server.uri, {})
    assert registry.resolve_alias("streamscore-a") is None
    assert registry.list_versions("streamscore-a") == []
    with pytest.raises(UsageError, match="received streamscore-a version 3, which is not"):
        registry.version("streamscore-a", 3)
    assert server.authorizations == [None] * 3


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (
            {"MLFLOW_TRACKING_USERNAME": "ann", "MLFLOW_TRACKING_PASSWORD": "hush"},
            "Basic " + base64.b64encode(b"ann:hush").decode(),
        ),
        ({"MLFLOW_TRACKING_TOKEN": "abc"}, "Bearer abc"),
    ],
)
def test_mlflows_own_credentials_are_sent(
    server: Answers, environ: dict[str, str], expected: str
) -> None:
    server.body = json.dumps({"registered_model": {"name": "m"}}).encode()
    assert Registry(server.uri + "/", environ).resolve_alias("m") is None
    assert server.authorizations == [expected]


@pytest.mark.parametrize(
    ("status", "body", "received"),
    [
        (401, b"You are not authenticated.", "received status 401 for registered-models/get: You"),
        (403, b'{"message": "Permission denied"}', "Permission denied"),
        (500, b"\xff" * 300, "received status 500"),
        (200, b"<html>", "JSONDecodeError"),
        (200, b"[]", "received list where an object was expected"),
    ],
)
def test_a_refusal_is_told_with_what_was_received(
    server: Answers, status: int, body: bytes, received: str
) -> None:
    server.status, server.body = status, body
    with pytest.raises(RegistryError) as caught:
        Registry(server.uri, {"MLFLOW_TRACKING_TOKEN": "hush"}).resolve_alias("m")
    assert received in str(caught.value)
    assert server.uri in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"registered_model": []}',
        b'{"registered_model": {"aliases": [{}]}}',
        b'{"registered_model": {"aliases": [{"alias": "production", "version": "one"}]}}',
        b'{"registered_model": {"aliases": [{"alias": "production", "version": "1"}]}}',
    ],
)
def test_an_answer_that_cannot_be_understood_is_the_registrys_error(
    server: Answers, body: bytes
) -> None:
    server.body = body
    with pytest.raises(RegistryError, match="must answer as MLflow 3 does") as caught:
        Registry(server.uri, {}).resolve_alias("m")
    assert server.uri in str(caught.value)


def test_a_version_or_metric_that_cannot_be_understood_is_the_registrys_error(
    server: Answers,
) -> None:
    server.body = b'{"registered_model": {}, "model_versions": [{}], "run": null}'
    registry = Registry(server.uri, {})
    for ask in (lambda: registry.list_versions("m"), lambda: registry.run_metrics("r")):
        with pytest.raises(RegistryError, match="must answer as MLflow 3 does"):
            ask()


def test_a_refusal_that_breaks_off_is_told_with_its_status(server: Answers) -> None:
    server.status, server.missing_bytes = 503, 10
    with pytest.raises(RegistryError, match="received status 503"):
        Registry(server.uri, {}).resolve_alias("m")


def test_an_mlflow_that_does_not_answer_in_time_is_told() -> None:
    with HTTPServer(("127.0.0.1", 0), _Handler) as silent:
        registry = Registry(f"http://127.0.0.1:{silent.server_port}", {}, timeout_seconds=0.05)
        with pytest.raises(RegistryError, match=r"must answer within 0\.05 s"):
            registry.resolve_alias("m")


def test_a_certificate_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    environ = {"MLFLOW_TRACKING_SERVER_CERT_PATH": str(tmp_path / "missing.pem")}
    with pytest.raises(UsageError, match=r"must be a readable PEM file; received .*missing\.pem"):
        Registry("https://127.0.0.1:1", environ)


def test_a_download_that_takes_too_long_is_ended_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"within 0\.01 s; it did not"):
        fetch_bundle(
            "http://127.0.0.1:1", "m", 1, "run", tmp_path, environ={}, timeout_seconds=0.01
        )
    assert list(tmp_path.iterdir()) == []


def test_a_cache_folder_that_cannot_be_written_is_named_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for cache_dir in (tmp_path / "file", tmp_path / "file/bundles", Path("/proc/bundles")):
        with pytest.raises(
            RegistryError, match=r"received .*\. Name .* mlflow\.cache_dir"
        ) as caught:
            fetch_bundle("http://127.0.0.1:1", "m", 1, "run", cache_dir, environ={})
        assert f"received {cache_dir}: " in str(caught.value)


def test_bundles_are_kept_where_the_settings_say_or_in_the_users_cache() -> None:
    assert bundle_cache_dir(Mlflow(cache_dir="/big"), {}) == Path("/big")
    assert bundle_cache_dir(Mlflow(), {"XDG_CACHE_HOME": "/c"}) == Path("/c/streamscore/bundles")
