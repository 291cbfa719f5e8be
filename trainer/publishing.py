"""From a trained model to the version that workers score with: log, promote, announce."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from adapters.announcements import announce
from adapters.model_log import TrainedModel, log_model
from adapters.registry import PRODUCTION, Registry, model_name
from adapters.topic_admin import TopicAdmin
from streamscore.errors import BrokerError
from streamscore.events import Announcement
from streamscore.settings import Settings
from streamscore.sources import Source
from streamscore.topics import planned_topics
from trainer.report import Version


def publish_model(
    settings: Settings,
    source: Source,
    trained: TrainedModel,
    *,
    environ: Mapping[str, str],
    warn: Callable[[str], None],
) -> Version:
    """Log a model, put it into production, and tell the workers.

    Parameters
    ----------
    settings : Settings
        Where Kafka and MLflow are.
    source : Source
        What the model is for.
    trained : TrainedModel
        What is logged.
    environ : Mapping[str, str]
        MLflow's own credentials are read from it.
    warn : callable
        Takes a sentence where Kafka did not take the announcement; the promotion stands.

    Raises
    ------
    RegistryError
        When MLflow does not take the model.
    """
    mlflow, name = settings.mlflow, model_name(source.name)
    registry = Registry(mlflow.tracking_uri, environ, mlflow.timeout_seconds)
    logged = log_model(mlflow.tracking_uri, trained, registry)
    previous = registry.resolve_alias(name)
    registry.promote(name, logged.version)
    announcement = Announcement(
        source=source.name, model=name, version=str(logged.version), alias=PRODUCTION
    )
    return Version(
        name=name,
        version=logged.version,
        previous_version=previous.version if previous else 0,
        alias=PRODUCTION,
        address=f"{mlflow.tracking_uri.rstrip('/')}/#/models/{name}/versions/{logged.version}",
        announced=_announced(settings, source, announcement, warn),
    )


def _announced(
    settings: Settings, source: Source, announcement: Announcement, warn: Callable[[str], None]
) -> bool:
    try:
        with TopicAdmin(settings.kafka) as admin:
            _ensure_topic(admin, settings, source)
        announce(settings, announcement)
    except BrokerError as error:
        warn(
            f"Version {announcement.version} is in {announcement.alias}, but workers were not told "
            f"and find it when they next ask MLflow: {error}"
        )
        return False
    return True


def _ensure_topic(admin: TopicAdmin, settings: Settings, source: Source) -> None:
    # The first training may come before any scorer, which creates the others.
    plans = [plan for plan in planned_topics(settings, source) if plan.kind == "models"]
    if settings.topics.create and not admin.describe(plan.name for plan in plans):
        admin.create(plans)
