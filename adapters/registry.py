"""The model registry of MLflow, over plain REST: no service needs mlflow in memory to ask it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from adapters.mlflow_rest import MlflowRest, NotThereError
from streamscore.errors import RegistryError, UsageError

PRODUCTION = "production"
"""The alias of the version that scores."""

PREVIOUS_VERSION_TAG = "streamscore.previous_version"
"""Tag of a version: which one it replaced in production, so that it can be taken back."""

_PAGE_VERSIONS = 100

Read = TypeVar("Read")


class ModelVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a registered model.

    Attributes
    ----------
    name : str
        Name of the registered model.
    version : int
        Number of the version, from 1.
    run_id : str
        The MLflow run that trained it.
    created_ms : int
        When it was registered, in milliseconds since 1970.
    tags : Mapping[str, str]
        Its tags.
    aliases : tuple of str
        The aliases that point at it.
    """

    name: str
    version: int
    run_id: str
    created_ms: int
    tags: Mapping[str, str]
    aliases: tuple[str, ...] = ()


def model_name(source_name: str) -> str:
    """Return the name under which a source's models are registered.

    Examples
    --------
    >>> model_name("accidents")
    'streamscore-accidents'
    """
    return f"streamscore-{source_name}"


class Registry:
    """What is asked of MLflow's registry.

    Parameters
    ----------
    tracking_uri : str
        Address of the MLflow server, ``http://`` or ``https://``.
    environ : Mapping[str, str]
        Where MLflow's own variables are read, as `MlflowRest` says.
    timeout_seconds : float
        How long an answer may take.

    Raises
    ------
    RegistryError
        From every method, when MLflow cannot be reached or refuses.
    """

    def __init__(
        self, tracking_uri: str, environ: Mapping[str, str], timeout_seconds: float = 10.0
    ) -> None:
        self._rest = MlflowRest(tracking_uri, environ, timeout_seconds)

    @property
    def address(self) -> str:
        """Where MLflow is asked."""
        return self._rest.address

    def is_registered(self, name: str) -> bool:
        """Tell whether a model of that name is registered."""
        return self._aliases(name) is not None

    def resolve_alias(self, name: str, alias: str = PRODUCTION) -> ModelVersion | None:
        """Return the version that an alias points at, or None while there is none."""
        aliases = self._aliases(name) or {}
        return self.version(name, aliases[alias]) if alias in aliases else None

    def version(self, name: str, version: int) -> ModelVersion:
        """Return one version.

        Raises
        ------
        UsageError
            When there is none of that name and number.
        """
        query = {"name": name, "version": str(version)}
        try:
            answer = self._rest.get("model-versions/get", query)
        except NotThereError as error:
            raise UsageError(
                f"A model version must be registered at {self._rest.address}; received {name} "
                f"version {version}, which is not. `streamscore models list SOURCE` shows what is."
            ) from error
        return self._understood(_only_version, answer)

    def version_named(self, name: str, wanted: str) -> ModelVersion:
        """Return the version that a number or an alias names.

        Raises
        ------
        UsageError
            When there is none.
        """
        if wanted.isdecimal():
            return self.version(name, int(wanted))
        found = self.resolve_alias(name, wanted)
        if found is None:
            raise UsageError(
                f"a model is named by its version or an alias; {name} has no {wanted}. "
                "`streamscore train SOURCE --history FILE` makes one, `streamscore models list "
                "SOURCE` shows what there is"
            )
        return found

    def list_versions(self, name: str) -> list[ModelVersion]:
        """Return every version of a model, the latest first; none where there is no model."""
        aliases = self._aliases(name)
        if aliases is None:
            return []
        quoted = name.replace("'", "''")
        query = {"filter": f"name='{quoted}'", "max_results": str(_PAGE_VERSIONS)}
        found: list[ModelVersion] = []
        while True:
            page = self._rest.get("model-versions/search", query)
            for version in self._understood(_versions, page):
                named = sorted(alias for alias, at in aliases.items() if at == version.version)
                found.append(msgspec.structs.replace(version, aliases=tuple(named)))
            if not page.get("next_page_token"):
                return sorted(found, key=lambda version: -version.version)
            query["page_token"] = page["next_page_token"]

    def run_metrics(self, run_id: str) -> dict[str, float]:
        """Return the metrics that were logged with a training run, by name."""
        answer = self._rest.get("runs/get", {"run_id": run_id})
        return self._understood(_metrics, answer)

    def promote(self, name: str, version: int, alias: str = PRODUCTION) -> ModelVersion:
        """Point an alias at a version, which remembers the one it replaces.

        The memory is written first: whatever happens between the two, a way back is known.

        Raises
        ------
        UsageError
            When there is no such version.
        """
        wanted = self.version(name, version)
        current = self.resolve_alias(name, alias)
        if current is not None and current.version == version:
            return current
        if current is not None:
            tag = {"key": PREVIOUS_VERSION_TAG, "value": str(current.version)}
            self._rest.post(
                "model-versions/set-tag", {"name": name, "version": str(version), **tag}
            )
        self._point(name, alias, wanted.version)
        return self.version(name, version)

    def rollback(self, name: str, alias: str = PRODUCTION) -> ModelVersion:
        """Point an alias back at the version that the present one replaced.

        Raises
        ------
        UsageError
            When nothing is known to go back to.
        """
        current = self.resolve_alias(name, alias)
        previous = current.tags.get(PREVIOUS_VERSION_TAG, "") if current else ""
        if not previous.isdecimal():
            version = f"version {current.version}" if current else "no version"
            raise UsageError(
                f"A rollback needs a version that {alias} pointed at before; {name} has {version} "
                "now and none before. Choose one with `streamscore models promote`."
            )
        target = self.version(name, int(previous))
        self._point(name, alias, target.version)
        return self.version(name, target.version)

    def _aliases(self, name: str) -> dict[str, int] | None:
        """Return the aliases of a model with the versions they point at, None without a model."""
        try:
            answer = self._rest.get("registered-models/get", {"name": name})
        except NotThereError:
            return None
        return self._understood(_aliases, answer)

    def _understood(
        self, read: Callable[[Mapping[str, Any]], Read], answer: dict[str, Any]
    ) -> Read:
        try:
            return read(answer)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise RegistryError(
                f"MLflow at {self._rest.address} must answer as MLflow 3 does; what it answered "
                f"cannot be understood: {error!r}. Check mlflow.tracking_uri, and for a proxy."
            ) from error

    def _point(self, name: str, alias: str, version: int) -> None:
        wish = {"name": name, "alias": alias, "version": str(version)}
        self._rest.post("registered-models/alias", wish)


def _aliases(answer: Mapping[str, Any]) -> dict[str, int]:
    aliases = answer["registered_model"].get("aliases", [])
    return {entry["alias"]: int(entry["version"]) for entry in aliases}


def _metrics(answer: Mapping[str, Any]) -> dict[str, float]:
    metrics = answer["run"].get("data", {}).get("metrics", [])
    return {entry["key"]: float(entry["value"]) for entry in metrics}


def _only_version(answer: Mapping[str, Any]) -> ModelVersion:
    return _version(answer["model_version"])


def _versions(answer: Mapping[str, Any]) -> list[ModelVersion]:
    return [_version(entry) for entry in answer.get("model_versions", [])]


def _version(entry: Mapping[str, Any]) -> ModelVersion:
    return ModelVersion(
        name=entry["name"],
        version=int(entry["version"]),
        run_id=entry.get("run_id") or "",
        created_ms=int(entry.get("creation_timestamp", 0)),
        tags={tag["key"]: str(tag.get("value", "")) for tag in entry.get("tags", [])},
        aliases=tuple(sorted(entry.get("aliases", []))),
    )
