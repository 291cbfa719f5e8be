"""The registry as the scorer sees it: an alias asked over REST, bundles fetched by a child."""

import logging
from collections.abc import Mapping
from pathlib import Path

from adapters.bundle_cache import (
    bundle_cache_dir,
    cached_bundle,
    fetch_bundle,
    forget_bundle,
    is_whole,
)
from adapters.registry import PRODUCTION, ModelVersion, Registry, model_name
from scorer.swap import Named
from streamscore.settings import Mlflow

log = logging.getLogger(__name__)


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
        self._fetched_again: set[Path] = set()
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
        return _named(self._registry.version_named(model_name(source), wanted))

    def fetch(self, named: Named) -> Path:
        """Bring a version's bundle here and return its directory.

        Versions never change: where the bundle was fetched before, MLflow is not asked. A bundle
        that was damaged since is fetched once more; what is wrong with it then is for whoever
        reads it.

        Raises
        ------
        UsageError
            When there is no such version.
        RegistryError
            When it cannot be had.
        BundleError
            When the version holds none.
        """
        cache_dir = bundle_cache_dir(self._mlflow, self._environ)
        if named.digest:
            found = cached_bundle(named.name, named.version, named.digest, cache_dir)
            if found is not None:
                return found
        run_id = named.run_id or self._registry.version(named.name, int(named.version)).run_id
        bundle = self._fetch(named, run_id, cache_dir)
        # Once: a bundle that is damaged in MLflow is not downloaded with every poll.
        if bundle not in self._fetched_again and not is_whole(bundle):
            log.warning("%s is damaged and fetched once more", bundle)
            self._fetched_again.add(bundle)
            forget_bundle(bundle)
            bundle = self._fetch(named, run_id, cache_dir)
        return bundle

    def _fetch(self, named: Named, run_id: str, cache_dir: Path) -> Path:
        return fetch_bundle(
            self._mlflow.tracking_uri,
            named.name,
            int(named.version),
            run_id,
            cache_dir,
            environ=self._environ,
            timeout_seconds=self._mlflow.fetch_timeout_seconds,
        )


def _named(found: ModelVersion) -> Named:
    return Named(found.name, str(found.version), found.run_id)
