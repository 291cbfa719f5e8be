"""Opening and closing runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from adapters.registry import PRODUCTION, ModelVersion, Registry, model_name
from adapters.run_positions import drop_state, progress_of
from adapters.runs_topic import change_runs, read_runs
from adapters.topic_admin import TopicAdmin, ensure_topics
from streamscore.errors import BrokerError, UsageError
from streamscore.events import iso_utc
from streamscore.runs import (
    AnyRun,
    Progress,
    Run,
    check_room,
    check_run_name,
    find_open,
    known_run,
)
from streamscore.settings import Settings
from streamscore.sources import Source, source_argument
from streamscore.topics import topic_name

_LEAVING_SECONDS = 30.0


def open_run(
    settings: Settings,
    source: Source,
    name: str,
    *,
    environ: Mapping[str, str],
    now_ms: int,
    model: str | None = None,
    partitions: int | None = None,
) -> Run:
    """Open a run and create its topics; one that is open already stays as it is.

    Parameters
    ----------
    settings : Settings
        Sections ``kafka``, ``mlflow``, ``topics`` and ``scorer`` are read.
    source : Source
        The source.
    name : str
        Name of the run.
    environ : Mapping[str, str]
        The environment, for MLflow's credentials.
    now_ms : int
        The time, in milliseconds since the epoch.
    model : str, optional
        Version or alias of the source's model; the production version by default.
    partitions : int, optional
        Partitions of its records topic; those of the live stream by default.

    Raises
    ------
    UsageError
        When the name breaks the rule or was closed, or a later version of streamscore opened it;
        when there is no such model version, too many runs are open, or the run is open with another
        version or other partitions.
    RegistryError
        When MLflow does not answer.
    BrokerError
        When Kafka does not answer, or a topic is missing and may not be created.
    """

    def find_version() -> ModelVersion:
        mlflow = settings.mlflow
        registry = Registry(mlflow.tracking_uri, environ, mlflow.timeout_seconds)
        return registry.version_named(model_name(source.name), model or PRODUCTION)

    return open_run_with(
        settings,
        source,
        name,
        find_version,
        now_ms=now_ms,
        is_stated=model is not None,
        partitions=partitions,
    )


def open_run_with(
    settings: Settings,
    source: Source,
    name: str,
    find_version: Callable[[], ModelVersion],
    *,
    now_ms: int,
    is_stated: bool = True,
    partitions: int | None = None,
) -> Run:
    """Open a run as `open_run` does, with a version from anywhere.

    Parameters
    ----------
    settings, source, name, now_ms, partitions
        As for `open_run`.
    find_version : callable
        Returns the version; asked where the run is new, or the version was stated.
    is_stated : bool
        Whether a run that is open already must have that version.
    """
    check_run_name(name)
    stated = find_version() if is_stated else None
    wanted = None if stated is None else str(stated.version)
    known = read_runs(settings)
    found = find_open(known, source.name, name, wanted, partitions)
    if found is not None:
        return found
    check_room(known.values(), settings.scorer.max_open_runs)
    version = stated or find_version()
    run = Run(
        source=source.name,
        run=name,
        status="open",
        model=version.name,
        version=str(version.version),
        trained_by=version.run_id,
        partitions=_make_topics(settings, source, name, partitions),
        opened_at=iso_utc(now_ms),
    )

    def opening(runs: Mapping[str, AnyRun]) -> Run | None:
        if find_open(runs, source.name, name, wanted, partitions) is not None:
            return None
        check_room(runs.values(), settings.scorer.max_open_runs)
        return run

    return change_runs(settings, opening) or _known(read_runs(settings), source.name, name)


def close_run(
    settings: Settings,
    source_name: str,
    name: str,
    *,
    now_ms: int,
    force: bool = False,
    limit_seconds: float = _LEAVING_SECONDS,
) -> Run:
    """Close a run: workers leave it, its state and its group are deleted, its results stay.

    Closing a closed one deletes what an earlier attempt has left, and is harmless otherwise.

    Parameters
    ----------
    settings : Settings
        Sections ``kafka``, ``topics`` and ``scorer`` are read.
    source_name, name : str
        The source and the run.
    now_ms : int
        The time, in milliseconds since the epoch.
    force : bool
        Whether a run is closed that has records left, or whose topics are gone.
    limit_seconds : float
        How long workers may take to leave.

    Raises
    ------
    UsageError
        When there is no such run, a later version wrote it, or records are left and `force` is
        false.
    BrokerError
        When Kafka does not answer, or workers do not leave in time.
    """
    run = _known(read_runs(settings), source_name, name)
    if run.status == "open":
        progress = _progress_to_close(settings, run, force=force)
        closed = msgspec.structs.replace(
            run, status="closed", closed_at=iso_utc(now_ms), progress=progress
        )

        def closing(runs: Mapping[str, AnyRun]) -> Run | None:
            return closed if _known(runs, source_name, name).status == "open" else None

        run = change_runs(settings, closing) or _known(read_runs(settings), source_name, name)
    drop_state(settings, run, limit_seconds=limit_seconds)
    return run


def _make_topics(settings: Settings, source: Source, name: str, partitions: int | None) -> int:
    with TopicAdmin(settings.kafka) as admin:
        if partitions is None:
            live = topic_name("records", source, prefix=settings.topics.prefix)
            found = admin.describe([live]).get(live)
            partitions = found.partitions if found else settings.topics.records_partitions
        topics = msgspec.structs.replace(settings.topics, records_partitions=partitions)
        settings = msgspec.structs.replace(settings, topics=topics)
        there = ensure_topics(admin, settings, source, run=name)
        if "runs" not in there:
            raise BrokerError(
                f"the topic {topic_name('runs', prefix=settings.topics.prefix)} must exist for a "
                "run to be opened, and could not be created. Create it with `streamscore topics "
                f"create --source {source_argument(source.name)}`, under an account that may"
            )
    if there["records"].partitions != partitions:
        raise UsageError(
            f"the partitions of a run are those of its records topic; {there['records'].name} "
            f"exists and has {there['records'].partitions}, received {partitions}. Leave "
            "--partitions out, or open another run"
        )
    return partitions


def _known(runs: Mapping[str, AnyRun], source_name: str, name: str) -> Run:
    found = known_run(runs, source_name, name)
    if found is None:
        raise UsageError(
            f"a run is closed by the name it was opened under; {source_name} has no {name}. "
            f"`streamscore runs list` shows what there is"
        )
    return found


def _progress_to_close(settings: Settings, run: Run, *, force: bool) -> Progress:
    try:
        progress = progress_of(settings, run)
    except BrokerError:
        if not force:
            raise
        return Progress()
    if progress.left and not force:
        raise UsageError(
            f"a run is closed when all of its records were processed; {run.key} has "
            f"{progress.left} left. Wait until `streamscore runs list {run.source}` shows none, or "
            "close it all the same with --force: they are never scored"
        )
    return progress
