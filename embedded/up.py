"""A stack with the scorer beside it, for other terminals to use."""

from __future__ import annotations

import contextlib
import random
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from embedded.ports import free_ports
from embedded.services import (
    BUNDLES,
    LOGS,
    SETTINGS_FILE,
    Addresses,
    ScorerService,
    addresses_of,
    service_environment,
    write_settings,
)
from embedded.stack import Stack

_ALIVE_SECONDS = 120.0


class Running:
    """What is up.

    Parameters
    ----------
    stack : Stack
        Kafka and MLflow.
    scorer : ScorerService
        The scorer.
    sources : Sequence[str]
        What it scores.

    Attributes
    ----------
    addresses : Addresses
        Where everything is.
    """

    def __init__(self, stack: Stack, scorer: ScorerService, sources: Sequence[str]) -> None:
        self._stack = stack
        self._scorer = scorer
        self.sources = tuple(sources)
        self.addresses: Addresses = addresses_of(stack, scorer)

    def check(self) -> None:
        """Do nothing while all of it runs.

        Raises
        ------
        StackError
            A part has ended by itself; names its log.
        """
        self._stack.check()
        self._scorer.check()


@contextlib.contextmanager
def running_stack(
    sources: Sequence[str],
    environ: Mapping[str, str],
    *,
    data_dir: Path | None,
    keep: bool,
    cache_dir: Path | None,
) -> Iterator[Running]:
    """Run Kafka, MLflow and a scorer for as long as the block.

    Parameters
    ----------
    sources : Sequence[str]
        What is scored: names, or paths of TOML files.
    environ : Mapping[str, str]
        The environment of this process.
    data_dir : Path or None
        Where data and logs lie; a temporary folder unless given.
    keep : bool
        Whether the data stays.
    cache_dir : Path or None
        Where downloaded jars are kept; the user's cache folder unless given.

    Yields
    ------
    Running
        Where everything is.

    Raises
    ------
    StackError
        A part did not start; names its log.
    """
    with Stack(environ, data_dir=data_dir, keep=keep, cache_dir=cache_dir) as stack:
        (port,) = free_ports(1, random.SystemRandom())
        made = () if keep else _absent(stack.folder / SETTINGS_FILE, stack.folder / BUNDLES)
        scorer = ScorerService(
            write_settings(stack, port),
            sources,
            port,
            environment=service_environment(stack, environ),
            log_path=stack.folder / LOGS / "scorer.log",
        )
        with _removed(made), scorer.running():
            scorer.wait_alive(_ALIVE_SECONDS)
            yield Running(stack, scorer, sources)


def _absent(*paths: Path) -> tuple[Path, ...]:
    return tuple(path for path in paths if not path.exists())


@contextlib.contextmanager
def _removed(made: Sequence[Path]) -> Iterator[None]:
    """Remove files and folders behind the block."""
    try:
        yield
    finally:
        for path in made:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
