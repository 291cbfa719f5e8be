"""A source is named by its name or by its TOML file's path, in each command alike."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from cli.app import main
from cli.source_names import named_source
from streamscore.errors import SourceError
from tests.sensors import SENSORS_TOML

VERSION = {"name": "streamscore-sensors", "version": "1", "creation_timestamp": 0}


class OneModel(HTTPServer):
    """A registry that holds one version of the model of `sensors`, in production."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.uri = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = parse_qs(parts.query)
        answers = {
            "registered-models/get": {
                "registered_model": {"aliases": [{"alias": "production", "version": "1"}]}
            },
            "model-versions/search": {"model_versions": [VERSION]},
            "model-versions/get": {"model_version": VERSION},
        }
        is_there = "streamscore-sensors" in str(asked)
        answer = answers[parts.path.removeprefix("/api/2.0/mlflow/")]
        missing = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "not found"}
        body = json.dumps(answer if is_there else missing).encode()
        self.send_response(200 if is_there else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        """Say nothing: standard error belongs to the tests."""


@pytest.fixture
def at() -> Iterator[list[str]]:
    """Options that lead to a registry."""
    with OneModel() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield ["--set", f"mlflow.tracking_uri={server.uri}"]
        server.shutdown()
        thread.join()


@pytest.fixture
def toml(tmp_path: Path) -> str:
    path = tmp_path / "mine.toml"
    path.write_bytes(SENSORS_TOML)
    return str(path)


def test_a_source_is_known_by_its_file_and_by_its_name_alone(toml: str) -> None:
    assert named_source(toml) == (toml, "sensors", True)
    assert named_source("sensors") == ("sensors", "sensors", False)
    assert named_source("reviews") == ("reviews", "reviews", True)
    for neither in ("no/such.toml", "Sensors", ""):
        with pytest.raises(SourceError, match="is neither"):
            named_source(neither)


def test_models_are_listed_and_shown_by_the_path_of_a_source_and_by_its_name(
    at: list[str], toml: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for source in (toml, "sensors"):
        assert main([*at, "models", "list", source, "--json"]) == 0
        (listed,) = json.loads(capsys.readouterr().out)
        assert (listed["version"], listed["aliases"]) == (1, ["production"])
        assert main([*at, "models", "show", source]) == 0
        assert "streamscore-sensors" in capsys.readouterr().out
        assert main([*at, "models", "rollback", source]) == 2
        assert "streamscore-sensors has version 1 now and none before" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("list",), ("show",), ("rollback",), ("promote", "3")])
def test_models_of_a_name_that_nothing_has_are_an_error(
    words: tuple[str, ...], at: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    command, *rest = words
    assert main([*at, "models", command, "nonsense", *rest]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "the name of one that has a model at http://" in printed.err
    assert "'nonsense' is none of these" in printed.err


def test_a_source_that_is_described_may_have_no_model_yet(
    at: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*at, "models", "list", "reviews", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize("name", ["reviews", "sensors", "TOML"])
def test_a_name_is_refused_only_where_nothing_is_known_of_it(name: str, toml: str) -> None:
    named = named_source(toml if name == "TOML" else name)
    named.check_in_use(lambda: True, "labels")
    if name == "sensors":
        with pytest.raises(SourceError, match="that has labels; 'sensors' is none of these"):
            named.check_in_use(lambda: False, "labels")
    else:
        named.check_in_use(lambda: False, "labels")
