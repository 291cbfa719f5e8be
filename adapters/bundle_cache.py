"""Fetched bundles, each downloaded once by a short-lived child process."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from adapters.fetch_bundle import BUNDLE_PATH
from adapters.user_cache import user_cache_dir
from streamscore.bundle import read_bundle
from streamscore.errors import BundleError, RegistryError
from streamscore.settings import Mlflow

_CHILD_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # A server that does not answer is asked again by the next poll, not for minutes by this one.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "PYTHONWARNINGS": "ignore",
}


def bundle_cache_dir(mlflow: Mlflow, environ: Mapping[str, str]) -> Path:
    """Return the folder of fetched bundles: ``mlflow.cache_dir``, or in the user's cache."""
    if mlflow.cache_dir:
        return Path(mlflow.cache_dir)
    return user_cache_dir(environ) / "bundles"


def fetch_bundle(
    tracking_uri: str,
    name: str,
    version: int,
    run_id: str,
    cache_dir: Path,
    *,
    environ: Mapping[str, str],
    timeout_seconds: float = 120.0,
) -> Path:
    """Return the folder of a version's bundle, downloading it where it is not there yet.

    Parameters
    ----------
    tracking_uri : str
        Address of the MLflow server.
    name : str
        Name of the registered model.
    version : int
        Number of the version.
    run_id : str
        The version's run: a server that was set up anew at the same address counts versions from
        1 again, and must not be given the bundles of the one before.
    cache_dir : Path
        Where bundles are kept, each in a folder of its own; see `bundle_cache_dir`.
    environ : Mapping[str, str]
        The environment of this process; credentials of MLflow and of an object store are in it.
    timeout_seconds : float
        How long the download may take.

    Returns
    -------
    Path
        A complete folder: it appears under its name at once, when the download is done.

    Raises
    ------
    RegistryError
        When the download fails, and its message ends with what the child printed last; or when
        nothing can be kept in the folder.
    BundleError
        When the model holds no bundle.
    """
    identity = "\n".join([tracking_uri.rstrip("/"), name, str(version), run_id])
    key = hashlib.sha256(identity.encode()).hexdigest()[:16]
    bundle = cache_dir / f"{name}-{version}-{key}"
    with _written_to(cache_dir):
        if bundle.is_dir():
            return bundle
        cache_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache_dir, prefix=".fetching-") as folder:
            arguments = [tracking_uri, name, str(version), folder]
            _run_child(arguments, {**environ, **_CHILD_ENVIRONMENT}, timeout_seconds)
            _move(Path(folder) / BUNDLE_PATH, bundle)
    return bundle


def cached_bundle(name: str, version: str, digest: str, cache_dir: Path) -> Path | None:
    """Return the folder of a bundle that was fetched before, or None; nobody is asked.

    Parameters
    ----------
    name, version : str
        The registered model, and the number of its version.
    digest : str
        The bundle's own digest, which says enough: whichever server it came from.
    cache_dir : Path
        As for `fetch_bundle`.
    """
    folders = cache_dir.glob(f"{name}-{version}-*")
    return next((folder for folder in sorted(folders) if _digest(folder) == digest), None)


def is_whole(bundle: Path) -> bool:
    """Tell whether a fetched bundle can be read and matches its own digest."""
    return _digest(bundle) is not None


def forget_bundle(bundle: Path) -> None:
    """Remove a fetched bundle, at once for every other worker that looks for it.

    Raises
    ------
    RegistryError
        When the folder cannot be written.
    """
    with (
        _written_to(bundle.parent),
        tempfile.TemporaryDirectory(dir=bundle.parent, prefix=".forgetting-") as folder,
        contextlib.suppress(FileNotFoundError),  # another worker was faster
    ):
        bundle.rename(Path(folder) / bundle.name)


@contextlib.contextmanager
def _written_to(cache_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RegistryError(
            f"Fetched bundles must be kept in a folder that can be written, with room in it; "
            f"received {cache_dir}: {error}. Name another with mlflow.cache_dir."
        ) from error


def _digest(folder: Path) -> str | None:
    try:
        return read_bundle(folder).manifest.digest
    except BundleError:
        return None


def _run_child(arguments: list[str], environ: Mapping[str, str], timeout_seconds: float) -> None:
    tracking_uri, name, version, _ = arguments
    wish = f"MLflow at {tracking_uri} must give the bundle of {name} version {version}"
    try:
        child = subprocess.run(
            [sys.executable, "-m", "adapters.fetch_bundle", *arguments],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RegistryError(
            f"{wish} within {timeout_seconds:g} s; it did not. Raise mlflow.fetch_timeout_seconds."
        ) from error
    if child.returncode:
        said = child.stderr.strip().splitlines() or ["nothing"]
        raise RegistryError(f"{wish}; the download ended with {child.returncode}: {said[-1]}")


def _move(fetched: Path, bundle: Path) -> None:
    if not fetched.is_dir():
        raise BundleError(
            f"The model of {bundle.name} must hold a folder {BUNDLE_PATH}; it holds none. Train it "
            "with `streamscore train`."
        )
    try:
        fetched.rename(bundle)
    except OSError:
        # Another worker of this machine was faster: its folder is as good.
        if not bundle.is_dir():
            raise
        shutil.rmtree(fetched)
