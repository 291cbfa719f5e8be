"""``streamscore models``: the versions of a source's model, and which one scores."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.invocation import Invocation, error_console, invocation_of, print_json, print_table
from cli.source_names import NamedSource, SourceArgument, named_source
from streamscore.errors import BrokerError, UsageError

if TYPE_CHECKING:
    from adapters.registry import ModelVersion, Registry

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add ``streamscore models``."""
    group = typer.Typer(no_args_is_help=True)
    group.command("list")(list_versions)
    group.command()(show)
    group.command()(promote)
    group.command()(rollback)
    app.add_typer(
        group,
        name="models",
        help="List, show, promote and take back model versions.",
        rich_help_panel="Models",
    )


def list_versions(context: typer.Context, source: SourceArgument, json: Json = False) -> None:
    """List the versions of a source's model, the latest first."""
    registry = _registry(invocation_of(context))
    versions = registry.list_versions(_model_of(registry, source)[1])
    if json:
        print_json(versions)
        return
    print_table(
        ("VERSION", "ALIASES", "REGISTERED", "RUN"),
        [
            (str(one.version), ", ".join(one.aliases), _moment(one.created_ms), one.run_id)
            for one in versions
        ],
    )


def show(
    context: typer.Context,
    source: SourceArgument,
    version: Annotated[
        int | None, typer.Argument(help="The version; the one in production by default.")
    ] = None,
    json: Json = False,
) -> None:
    """Show one version: its tags, and what was measured when it was trained."""
    registry = _registry(invocation_of(context))
    _, name = _model_of(registry, source)
    found = registry.resolve_alias(name) if version is None else registry.version(name, version)
    if found is None:
        raise UsageError(
            f"A version must be in production to be shown without its number; {name} has none. "
            f"`streamscore models list {shlex.quote(source)}` shows what there is."
        )
    metrics = registry.run_metrics(found.run_id) if found.run_id else {}
    if json:
        print_json({"version": found, "metrics": metrics})
        return
    facts = {
        "model": found.name,
        "version": str(found.version),
        "aliases": ", ".join(found.aliases),
        "registered": _moment(found.created_ms),
        "run": found.run_id,
        **found.tags,
        **{name: f"{value:.6g}" for name, value in sorted(metrics.items())},
    }
    print_table(("FACT", "VALUE"), list(facts.items()))


def promote(
    context: typer.Context,
    source: SourceArgument,
    version: Annotated[int, typer.Argument(help="The version to score with.")],
    json: Json = False,
) -> None:
    """Put a version into production; workers take it over between two batches."""
    invocation = invocation_of(context)
    registry = _registry(invocation)
    named, model = _model_of(registry, source)
    _tell(invocation, named, registry.promote(model, version), json=json)


def rollback(context: typer.Context, source: SourceArgument, json: Json = False) -> None:
    """Put the version into production that the present one replaced."""
    invocation = invocation_of(context)
    registry = _registry(invocation)
    named, model = _model_of(registry, source)
    _tell(invocation, named, registry.rollback(model), json=json)


def _registry(invocation: Invocation) -> Registry:
    from adapters.registry import Registry

    mlflow = invocation.settings().mlflow
    return Registry(mlflow.tracking_uri, invocation.environ, mlflow.timeout_seconds)


def _model_of(registry: Registry, source: str) -> tuple[NamedSource, str]:
    """Return the source that is named, and the name that its model is registered under."""
    from adapters.registry import model_name

    named = named_source(source)
    model = model_name(named.name)
    named.check_in_use(lambda: registry.is_registered(model), f"a model at {registry.address}")
    return named, model


def _tell(
    invocation: Invocation, source: NamedSource, version: ModelVersion, *, json: bool
) -> None:
    from adapters.announcements import announce
    from adapters.registry import PRODUCTION
    from streamscore.events import Announcement

    announcement = Announcement(
        source=source.name, model=version.name, version=str(version.version), alias=PRODUCTION
    )
    try:
        announce(invocation.settings(), announcement)
    except BrokerError as error:
        # The promotion stands, and workers ask MLflow for it by themselves.
        error_console().print(str(error), style="yellow")
    if json:
        print_json(version)
    else:
        typer.echo(f"{version.name} version {version.version} is in {PRODUCTION}.")


def _moment(since_epoch_ms: int) -> str:
    return datetime.fromtimestamp(since_epoch_ms / 1000, UTC).isoformat(" ", "seconds")
