"""The registry as the scorer sees it: an alias asked over REST, bundles fetched by a child."""

from collections.abc import Mapping
from pathlib import Path

from adapters.bundle_cache import bundle_cache_dir, cached_bundle, fetch_bundle
from adapters.registry import PRODUCTION, ModelVersion, Registry, model_name
from scorer.swap import Named
from streamscore.errors import UsageError
from streamscore.settings import Mlflow


class ProductionModels:
    """Asks MLflow for production versions and brings their bundles here.

    Parameters
    ----------
    mlflow : Mlflow
        The settings section.
    environ : mapping
        The environment; credentials of MLflow and of an object store are in it.
    """

    def __init__(self, mlflow: Mlflow, environ: Mapping[str, str]) -> None:
        self._mlflow = mlflow
        self._environ = environ
        self._registry = Registry(mlflow.tracking_uri, environ, mlflow.timeout_seconds)

    def production(self, source: str) -> Named | None:
        """Return the version that the alias `production` points to, or none.

        Raises
        ------
        RegistryError
            When MLflow does not answer.
        """
        found = self._registry.resolve_alias(model_name(source), PRODUCTION)
        return None if found is None else _named(found)

    def named(self, source: str, wanted: str = PRODUCTION) -> Named:
        """Return the version that a number or an alias names.

        Raises
        ------
        UsageError
            When there is none.
        RegistryError
            When MLflow does not answer.
        """
        name = model_name(source)
        if wanted.isdecimal():
            found = self._registry.version(name, int(wanted))
        else:
            resolved = self._registry.resolve_alias(name, wanted)
            if resolved is None:
                raise UsageError(
                    f"a model is named by its version or an alias; {name} has no {wanted}. "
                    f"Train one with `streamscore train {source}`"
                )
            found = resolved
        return _named(found)

    def fetch(self, named: Named) -> Path:
        """Bring a version's bundle here and return its directory.

        Versions never change: where the bundle was fetched before, MLflow is not asked.

        Raises
        ------
        UsageError
            When there is no such version.
        RegistryError
            When it cannot be had.
        """
        cache_dir = bundle_cache_dir(self._mlflow, self._environ)
        if named.digest:
            found = cached_bundle(named.name, named.version, named.digest, cache_dir)
            if found is not None:
                return found
        version = int(named.version)
        return fetch_bundle(
            self._mlflow.tracking_uri,
            named.name,
            version,
            named.run_id or self._registry.version(named.name, version).run_id,
            cache_dir,
            environ=self._environ,
            timeout_seconds=self._mlflow.fetch_timeout_seconds,
        )


def _named(found: ModelVersion) -> Named:
    return Named(found.name, str(found.version), found.run_id)
