"""The model registry of MLflow, over plain REST: no service needs mlflow in memory to ask it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from adapters.mlflow_rest import MlflowRest, NotThereError
from streamscore.errors import UsageError

PRODUCTION = "production"
"""The alias of the version that scores."""

PREVIOUS_VERSION_TAG = "streamscore.previous_version"
"""Tag of a version: which one it replaced in production, so that it can be taken back."""

_PAGE_VERSIONS = 100


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

    def resolve_alias(self, name: str, alias: str = PRODUCTION) -> ModelVersion | None:
        """Return the version that an alias points at, or None while there is none."""
        try:
            model = self._rest.get("registered-models/get", {"name": name})["registered_model"]
        except NotThereError:
            return None
        for entry in model.get("aliases", []):
            if entry["alias"] == alias:
                return self.version(name, int(entry["version"]))
        return None

    def version(self, name: str, version: int) -> ModelVersion:
        """Return one version.

        Raises
        ------
        UsageError
            When there is none of that name and number.
        """
        query = {"name": name, "version": str(version)}
        try:
            return _version(self._rest.get("model-versions/get", query)["model_version"])
        except NotThereError as error:
            raise UsageError(
                f"A model version must be registered at {self._rest.address}; received {name} "
                f"version {version}, which is not. `streamscore models list` shows what is."
            ) from error

    def list_versions(self, name: str) -> list[ModelVersion]:
        """Return every version of a model, the latest first; none where there is no model."""
        aliases: dict[int, list[str]] = {}
        try:
            model = self._rest.get("registered-models/get", {"name": name})["registered_model"]
        except NotThereError:
            return []
        for entry in model.get("aliases", []):
            aliases.setdefault(int(entry["version"]), []).append(entry["alias"])
        quoted = name.replace("'", "''")
        query = {"filter": f"name='{quoted}'", "max_results": str(_PAGE_VERSIONS)}
        found: list[ModelVersion] = []
        while True:
            page = self._rest.get("model-versions/search", query)
            for entry in page.get("model_versions", []):
                version = _version(entry)
                named = tuple(sorted(aliases.get(version.version, [])))
                found.append(msgspec.structs.replace(version, aliases=named))
            if not page.get("next_page_token"):
                return sorted(found, key=lambda version: -version.version)
            query["page_token"] = page["next_page_token"]

    def run_metrics(self, run_id: str) -> dict[str, float]:
        """Return the metrics that were logged with a training run, by name."""
        data = self._rest.get("runs/get", {"run_id": run_id})["run"].get("data", {})
        return {entry["key"]: float(entry["value"]) for entry in data.get("metrics", [])}

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

    def _point(self, name: str, alias: str, version: int) -> None:
        wish = {"name": name, "alias": alias, "version": str(version)}
        self._rest.post("registered-models/alias", wish)


def _version(entry: Mapping[str, Any]) -> ModelVersion:
    return ModelVersion(
        name=entry["name"],
        version=int(entry["version"]),
        run_id=entry.get("run_id", ""),
        created_ms=int(entry.get("creation_timestamp", 0)),
        tags={tag["key"]: tag.get("value", "") for tag in entry.get("tags", [])},
        aliases=tuple(sorted(entry.get("aliases", []))),
    )
