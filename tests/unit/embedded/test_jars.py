import functools
import gc
import hashlib
import http.server
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from embedded.jars import ROOTS, Jar, ensure_jars, locked_jars
from streamscore.errors import StackError

# jgo leaves the answer of a repository that does not have a file open.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

CONTENT = b"a jar"
JAR = Jar("org.example:thing:1.0", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
UNREACHABLE = {"central": "http://127.0.0.1:1/maven"}


class CountingHandler(http.server.SimpleHTTPRequestHandler):
    requested: list[str]

    def __init__(self, *args: object, requested: list[str], **kwargs: object) -> None:
        self.requested = requested
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self.requested.append(self.path)
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class Repository:
    """A Maven repository on the loopback address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.requested: list[str] = []
        handler = functools.partial(
            CountingHandler, requested=self.requested, directory=str(folder)
        )
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.addresses = {"central": f"http://127.0.0.1:{self.server.server_port}"}
        threading.Thread(target=self.server.serve_forever, args=[0.02], daemon=True).start()

    def publish(self, jar: Jar, content: bytes) -> None:
        group, artifact, version = jar.coordinate.split(":")
        folder = self.folder.joinpath(*group.split("."), artifact, version)
        folder.mkdir(parents=True)
        (folder / jar.file_name).write_bytes(content)


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    served = Repository(tmp_path / "repository")
    yield served
    served.server.shutdown()
    served.server.server_close()
    gc.collect()


def test_a_missing_jar_is_downloaded_once(tmp_path: Path, repository: Repository) -> None:
    repository.publish(JAR, CONTENT)
    (path,) = ensure_jars(tmp_path, [JAR], repository.addresses)
    assert path.read_bytes() == CONTENT
    downloads = len(repository.requested)
    assert ensure_jars(tmp_path, [JAR], repository.addresses) == (path,)
    assert len(repository.requested) == downloads


def test_a_verified_cache_needs_no_network(tmp_path: Path, repository: Repository) -> None:
    repository.publish(JAR, CONTENT)
    expected = ensure_jars(tmp_path, [JAR], repository.addresses)
    assert ensure_jars(tmp_path, [JAR], UNREACHABLE) == expected


def test_without_network_and_cache_the_message_says_what_where_and_what_to_do(
    tmp_path: Path,
) -> None:
    with pytest.raises(StackError) as caught:
        ensure_jars(tmp_path, [JAR], UNREACHABLE)
    message = str(caught.value)
    assert "thing-1.0.jar" in message
    assert str(tmp_path / "jars") in message
    assert "python -m embedded.jars fetch" in message


def test_a_jar_that_no_repository_has_is_named(tmp_path: Path, repository: Repository) -> None:
    with pytest.raises(StackError, match=r"thing-1\.0\.jar"):
        ensure_jars(tmp_path, [JAR], repository.addresses)


def test_a_changed_file_in_the_cache_is_refused_and_named(
    tmp_path: Path, repository: Repository
) -> None:
    repository.publish(JAR, CONTENT)
    (path,) = ensure_jars(tmp_path, [JAR], repository.addresses)
    path.write_bytes(b"another jar")
    with pytest.raises(StackError) as caught:
        ensure_jars(tmp_path, [JAR], repository.addresses)
    assert str(path) in str(caught.value)
    assert JAR.sha256 in str(caught.value)
    assert hashlib.sha256(b"another jar").hexdigest() in str(caught.value)


def test_a_download_with_another_checksum_never_enters_the_cache(
    tmp_path: Path, repository: Repository
) -> None:
    repository.publish(JAR, b"tampered with")
    with pytest.raises(StackError, match=r"sha256 of the downloaded thing-1\.0\.jar"):
        ensure_jars(tmp_path, [JAR], repository.addresses)
    assert not (tmp_path / "jars" / JAR.file_name).exists()


def test_callers_at_the_same_time_download_once(tmp_path: Path, repository: Repository) -> None:
    repository.publish(JAR, CONTENT)

    def ensure(_: int) -> tuple[Path, ...]:
        return ensure_jars(tmp_path, [JAR], repository.addresses)

    with ThreadPoolExecutor(6) as pool:
        found = set(pool.map(ensure, range(6)))
    assert found == {(tmp_path / "jars" / JAR.file_name,)}
    assert sum(path.endswith(".jar") for path in repository.requested) == 1


def test_an_interrupted_download_leaves_nothing_behind(
    tmp_path: Path, repository: Repository
) -> None:
    with pytest.raises(StackError):
        ensure_jars(tmp_path, [JAR], repository.addresses)
    assert [path.name for path in (tmp_path / "jars").iterdir()] == [".lock"]


def test_the_committed_list_has_what_is_asked_for_and_no_name_twice() -> None:
    jars = locked_jars()
    names = [jar.file_name for jar in jars]
    assert len(set(names)) == len(names)
    assert set(ROOTS) <= {jar.coordinate for jar in jars}
    assert all(len(jar.sha256) == 64 and jar.size_bytes > 0 for jar in jars)
