"""Where the models come from: the production alias followed, bundles fetched, kernels warmed.

The alias in the registry is the truth. It is asked for every few seconds and when an announcement
arrives. Fetching and warming happen here, off the hot path; the processor takes a model over
between two batches.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from streamscore.bundle import read_bundle
from streamscore.errors import BundleError, RegistryError, StreamscoreError
from streamscore.scoring import Model, ModelVersion
from streamscore.sources import Codec, builtin_names

log = logging.getLogger(__name__)

_KEPT_MODELS = 4

# Whoever waits for a version of the past holds up its consumer, which the broker excludes after
# five minutes (max.poll.interval.ms). A last download may add `mlflow.fetch_timeout_seconds`.
_PATIENCE_SECONDS = 60.0
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0

Refusal = Literal["unreadable", "other_schema", "registry"]


class Named(NamedTuple):
    """A model version as the registry names it.

    Attributes
    ----------
    name, version : str
        The registered model, and the number of its version.
    run_id : str
        The run that made it: a model that was deleted and made again counts from 1 again. Empty
        where it is not known.
    digest : str
        The digest of its bundle, as a partition's state knows it; else empty.
    """

    name: str
    version: str
    run_id: str = ""
    digest: str = ""


class Registry(Protocol):
    """What is needed of the model registry."""

    def production(self, source: str) -> Named | None:
        """Return the version that the alias `production` points to, or none."""
        ...

    def fetch(self, named: Named) -> Path:
        """Bring a version's bundle here and return its directory.

        Raises
        ------
        UsageError
            When there is no such version.
        RegistryError
            When it cannot be had now.
        """
        ...


def _how_to_train(source: str) -> str:
    if source in builtin_names():
        return f"`streamscore train {source} --history FILE` makes one"
    return (
        f"`streamscore train TOML --history FILE` makes one, with the path of the TOML of {source}"
    )


class ModelSource:
    """Keeps the production model of one source at hand.

    Parameters
    ----------
    codec : Codec
        The running source's codec.
    registry : Registry
        The registry.
    poll_seconds : float
        How often the alias is asked for.
    refused : callable
        Told why a version was refused.
    answered : callable
        Told with each question for the alias whether the registry answered.
    patience_seconds : float
        How long a version of the past is asked for while the registry does not answer.
    monotonic : callable
        Returns seconds of a clock that never goes back.
    name : str, optional
        Whose models they are, for the log; the source's name by default.
    """

    def __init__(
        self,
        codec: Codec,
        registry: Registry,
        poll_seconds: float,
        refused: Callable[[Refusal], None],
        answered: Callable[[bool], None],
        patience_seconds: float = _PATIENCE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
        name: str | None = None,
    ) -> None:
        self._codec = codec
        self._name = name or codec.source.name
        self._registry = registry
        self._poll_seconds = poll_seconds
        self._refused = refused
        self._answered = answered
        self._is_silent = False
        self._patience_seconds = patience_seconds
        self._monotonic = monotonic
        self._current: Model | None = None
        self._in_force: Named | None = None
        self._loaded: OrderedDict[Named, Model] = OrderedDict()
        self._refused_version: tuple[Named, str] | None = None
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self.waiting_for = "the registry's answer"

    def current(self) -> Model | None:
        """Return the production model, warm, or none while there is none."""
        return self._current

    def version(self, version: ModelVersion) -> Model:
        """Return the model of a version, fetched when it is not at hand.

        A registry that does not answer is asked again, for `patience_seconds`.

        Raises
        ------
        UsageError
            When the registry has no such version.
        BundleError
            When it now holds another bundle under that version, or one that does not fit.
        RegistryError
            When the version cannot be had in time.
        """
        named = Named(version.name, version.version, digest=version.digest)
        model = self._patiently(named)
        if model.version != version:
            raise BundleError(
                f"version {version.version} of {version.name} must hold the bundle "
                f"{version.digest[:12]}; it holds {model.version.digest[:12]}"
            )
        return model

    def wake(self) -> None:
        """Look at the alias now."""
        self._wake.set()

    def stop(self) -> None:
        """End `run`."""
        self._stopping.set()
        self._wake.set()

    def run(self) -> None:
        """Follow the alias until told to stop."""
        while not self._stopping.is_set():
            self.refresh()
            self._wake.wait(self._poll_seconds if self._current else min(1.0, self._poll_seconds))
            self._wake.clear()

    def refresh(self) -> None:
        """Ask for the alias once; take its version when it is another."""
        source = self._codec.source.name
        try:
            named = self._registry.production(source)
        except StreamscoreError as error:
            self._note_silence(error)
            return
        self._note_answer()
        if named is None:
            self._say_waiting(f"a production model; {_how_to_train(source)}")
            return
        if named != self._in_force:
            self._take(named)

    def _note_silence(self, error: StreamscoreError) -> None:
        self._answered(False)
        self._say_waiting(f"the registry: {error}")
        if self._current is not None and not self._is_silent:
            log.warning(
                "%s: the registry does not answer, version %s goes on: %s",
                self._name,
                self._current.version.version,
                error,
            )
        self._is_silent = True

    def _note_answer(self) -> None:
        self._answered(True)
        if self._is_silent:
            log.info("%s: the registry answers again", self._name)
        self._is_silent = False

    def _take(self, named: Named) -> None:
        try:
            model = self._load(named)
        except StreamscoreError as error:
            self._refuse(named, error)
            return
        self._refused_version = None
        self._current, self._in_force = model, named
        log.info("%s: version %s of %s is ready", self._name, named.version, named.name)

    def _patiently(self, named: Named) -> Model:
        deadline_seconds = self._monotonic() + self._patience_seconds
        pause_seconds = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return self._load(named)
            except RegistryError as error:
                if pause_seconds == _FIRST_PAUSE_SECONDS:
                    log.warning(
                        "%s: version %s, which a partition's state was made with, is asked for "
                        "again: %s",
                        self._name,
                        named.version,
                        error,
                    )
                is_late = self._monotonic() >= deadline_seconds
                if is_late or self._stopping.wait(pause_seconds):
                    raise RegistryError(
                        f"version {named.version} of {named.name}, which a partition's state was "
                        f"made with, must be had within {self._patience_seconds:g} s. Nothing is "
                        "lost: start the worker again when MLflow answers. If MLflow has lost the "
                        f"version's files, delete the version there. {error}"
                    ) from error
                pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)

    def _load(self, named: Named) -> Model:
        with self._lock:
            model = self._at_hand(named)
            if model is None:
                model = self._model(named, self._registry.fetch(named))
                self._loaded[named] = model
                if len(self._loaded) > _KEPT_MODELS:
                    self._loaded.popitem(last=False)
            return model

    def _at_hand(self, named: Named) -> Model | None:
        wanted = ModelVersion(name=named.name, version=named.version, digest=named.digest)
        for key, model in self._loaded.items():
            if key == named or model.version == wanted:
                self._loaded.move_to_end(key)
                return model
        return None

    def _model(self, named: Named, directory: Path) -> Model:
        try:
            model = Model(self._codec, read_bundle(directory), named.name, named.version)
            model.warm_up()
        except StreamscoreError:
            raise
        except Exception as error:
            # What a bundle may hold is anything; no version may end the worker.
            raise BundleError(
                f"a bundle must run with this version of streamscore; the one in {directory} does "
                f"not: {error!r}. Train the source again, or promote another version"
            ) from error
        return model

    def _refuse(self, named: Named, error: StreamscoreError) -> None:
        if self._refused_version == (named, str(error)):
            return
        self._refused_version = (named, str(error))
        reason: Refusal = "registry"
        if isinstance(error, BundleError):
            reason = "other_schema" if "schema" in str(error) else "unreadable"
        kept = self._current
        log.error(
            "%s: version %s is refused, %s goes on: %s",
            self._name,
            named.version,
            f"version {kept.version.version}" if kept else "no model",
            error,
            # Where it comes from is of use only where nobody foresaw it.
            exc_info=error.__cause__ if isinstance(error, BundleError) else None,
        )
        self._refused(reason)
        if kept is None:
            self.waiting_for = f"a model that fits: {error}"

    def _say_waiting(self, what: str) -> None:
        if self._current is None and self.waiting_for != what:
            log.warning("%s: waiting for %s", self._name, what)
            self.waiting_for = what
