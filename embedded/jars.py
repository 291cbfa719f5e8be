"""The jars of the embedded Kafka broker: downloaded once, verified at every start.

``jars.lock.json`` beside this file lists every jar by Maven coordinate, size and sha256. A jar
that is not in the cache is fetched through jgo, which takes the repositories from its own
configuration file (section ``[repositories]``; an entry named ``central`` replaces the public
one), so a company mirror needs no setting here.

``python -m embedded.jars fetch`` fills the cache, for instance while building an image;
``python -m embedded.jars lock`` resolves `ROOTS` anew and rewrites the list.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from adapters.user_cache import user_cache_dir
from streamscore.errors import StackError

ROOTS = ("org.apache.kafka:kafka_2.13:4.3.1", "org.slf4j:slf4j-simple:1.7.36")
"""What is asked for: the broker, and a logger that writes to standard error."""

LOCK_FILE = Path(__file__).with_name("jars.lock.json")

_DOWNLOADS_AT_ONCE = 8  # a jar is small: the time goes into connecting


class Jar(msgspec.Struct, frozen=True):
    """One jar of the list.

    Parameters
    ----------
    coordinate : str
        ``group:artifact:version``.
    size_bytes : int
        Length of the file.
    sha256 : str
        Digest of the file, 64 hexadecimal digits.

    Examples
    --------
    >>> Jar("org.slf4j:slf4j-api:1.7.36", 41125, "00" * 32).file_name
    'slf4j-api-1.7.36.jar'
    """

    coordinate: str
    size_bytes: int
    sha256: str

    @property
    def file_name(self) -> str:
        """Name of the file in the cache."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


def locked_jars(lock_file: Path = LOCK_FILE) -> tuple[Jar, ...]:
    """Read the committed list.

    Parameters
    ----------
    lock_file : Path
        A JSON array of jars.

    Returns
    -------
    tuple[Jar, ...]
        In the order of the list, which is the order of the class path.
    """
    return msgspec.json.decode(lock_file.read_bytes(), type=tuple[Jar, ...])


def ensure_jars(
    cache_dir: Path,
    jars: Sequence[Jar] | None = None,
    repositories: Mapping[str, str] | None = None,
) -> tuple[Path, ...]:
    """Give the paths of all jars, each verified, downloading those that are missing.

    Several processes may call this at once: one downloads, the others wait for it.

    Parameters
    ----------
    cache_dir : Path
        This project's cache folder; the jars are kept in ``jars`` below it.
    jars : Sequence[Jar] or None
        The jars wanted; the committed list unless given.
    repositories : Mapping[str, str] or None
        Name and address of the Maven repositories; jgo's configuration unless given.

    Returns
    -------
    tuple[Path, ...]
        One path for each jar, in their order.

    Raises
    ------
    StackError
        A jar is neither cached nor to be had, or its sha256 is not the listed one.
    """
    wanted = locked_jars() if jars is None else tuple(jars)
    folder = cache_dir / "jars"
    if any(not (folder / jar.file_name).is_file() for jar in wanted):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with _only_one_process(folder / ".lock"):
                _download(
                    [j for j in wanted if not (folder / j.file_name).is_file()],
                    folder,
                    repositories,
                )
        except OSError as error:
            raise StackError(f"the jars of Kafka cannot be kept in {folder}: {error}") from error
    for jar in wanted:
        _verify(jar, folder / jar.file_name)
    return tuple(folder / jar.file_name for jar in wanted)


def _download(missing: Sequence[Jar], folder: Path, repositories: Mapping[str, str] | None) -> None:
    """Fetch jars into a folder of their own, verify each, then move it into place at once."""
    if not missing:
        return
    with tempfile.TemporaryDirectory(prefix=".download-", dir=folder) as staging:

        def fetch(jar: Jar) -> OSError | RuntimeError | None:
            try:
                path = _resolve(jar, Path(staging), repositories)
            except (OSError, RuntimeError) as error:  # requests' errors are OSErrors
                return error
            _verify(jar, path, f"the downloaded {jar.file_name}")
            path.replace(folder / jar.file_name)
            return None

        with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
            outcomes = list(pool.map(fetch, missing))
    failed = [(jar, error) for jar, error in zip(missing, outcomes, strict=True) if error]
    if failed:
        raise StackError(_not_to_be_had(failed, folder)) from failed[0][1]


def _resolve(jar: Jar, staging: Path, repositories: Mapping[str, str] | None) -> Path:
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext

    if repositories is None:
        repositories = {"central": MAVEN_CENTRAL_URL} | GlobalSettings.load().repositories
    context = MavenContext(repo_cache=staging, remote_repos=dict(repositories))
    group, artifact, version = jar.coordinate.split(":")
    return context.project(group, artifact).at_version(version).artifact().resolve()


def _not_to_be_had(failed: Sequence[tuple[Jar, OSError | RuntimeError]], folder: Path) -> str:
    names = ", ".join(jar.file_name for jar, _ in failed[:3])
    more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
    return (
        f"Kafka needs {len(failed)} jars that are neither in {folder} nor could be downloaded:\n"
        f"  {names}{more}\n"
        f"  the first failed with: {failed[0][1]}\n"
        "Connect to the network once and run `python -m embedded.jars fetch`; or copy that folder "
        "from a machine that has it; or, behind a mirror, name it as `central` under "
        "[repositories] in jgo's configuration file (~/.config/jgo.conf)."
    )


def _verify(jar: Jar, path: Path, name: str = "") -> None:
    with path.open("rb") as file:
        received = hashlib.file_digest(file, "sha256").hexdigest()
    if received != jar.sha256:
        raise StackError(
            f"the sha256 of {name or path} must be {jar.sha256}; it is {received}. The file is "
            "damaged or has been tampered with, and nothing is started from it. Delete it, if it "
            "is still there, to have it downloaded again; if that does not help, distrust the "
            "repository it comes from."
        )


@contextlib.contextmanager
def _only_one_process(lock_path: Path) -> Iterator[None]:
    with lock_path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write_lock(lock_file: Path) -> int:
    """Resolve `ROOTS` with all they need at run time and write the list of their jars."""
    import jgo

    artifacts = {str(found): found for root in ROOTS for found in jgo.resolve(root)}
    jars = []
    for name in sorted(artifacts):
        artifact, path = artifacts[name], artifacts[name].resolve()
        coordinate = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
        content = path.read_bytes()
        jars.append(Jar(coordinate, len(content), hashlib.sha256(content).hexdigest()))
    lock_file.write_bytes(msgspec.json.format(msgspec.json.encode(jars)) + b"\n")
    return len(jars)


def _main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    if list(arguments) == ["fetch"]:
        paths = ensure_jars(user_cache_dir(environ))
        sys.stdout.write(f"{len(paths)} jars verified in {paths[0].parent}\n")
        return 0
    if list(arguments) == ["lock"]:
        sys.stdout.write(f"{_write_lock(LOCK_FILE)} jars listed in {LOCK_FILE}\n")
        return 0
    sys.stderr.write("usage: python -m embedded.jars fetch | lock\n")
    return 2


if __name__ == "__main__":
    import os

    try:
        sys.exit(_main(sys.argv[1:], os.environ))
    except StackError as error:
        sys.exit(str(error))
