"""``streamscore models``: the versions of a source's model, and which one scores."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.invocation import Invocation, error_console, invocation_of, print_json, print_table
from streamscore.errors import BrokerError, UsageError

if TYPE_CHECKING:
    from adapters.registry import ModelVersion, Registry

SourceName = Annotated[str, typer.Argument(help="The source's name.")]
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


def list_versions(context: typer.Context, source: SourceName, json: Json = False) -> None:
    """List the versions of a source's model, the latest first."""
    from adapters.registry import model_name

    versions = _registry(invocation_of(context)).list_versions(model_name(source))
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
    source: SourceName,
    version: Annotated[
        int | None, typer.Argument(help="The version; the one in production by default.")
    ] = None,
    json: Json = False,
) -> None:
    """Show one version: its tags, and what was measured when it was trained."""
    from adapters.registry import model_name

    registry = _registry(invocation_of(context))
    name = model_name(source)
    found = registry.resolve_alias(name) if version is None else registry.version(name, version)
    if found is None:
        raise UsageError(
            f"A version must be in production to be shown without its number; {name} has none. "
            f"`streamscore models list {source}` shows what there is."
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
    source: SourceName,
    version: Annotated[int, typer.Argument(help="The version to score with.")],
    json: Json = False,
) -> None:
    """Put a version into production; workers take it over between two batches."""
    from adapters.registry import model_name

    invocation = invocation_of(context)
    promoted = _registry(invocation).promote(model_name(source), version)
    _tell(invocation, source, promoted, json=json)


def rollback(context: typer.Context, source: SourceName, json: Json = False) -> None:
    """Put the version into production that the present one replaced."""
    from adapters.registry import model_name

    invocation = invocation_of(context)
    restored = _registry(invocation).rollback(model_name(source))
    _tell(invocation, source, restored, json=json)


def _registry(invocation: Invocation) -> Registry:
    from adapters.registry import Registry

    mlflow = invocation.settings().mlflow
    return Registry(mlflow.tracking_uri, invocation.environ, mlflow.timeout_seconds)


def _tell(invocation: Invocation, source: str, version: ModelVersion, *, json: bool) -> None:
    from adapters.announcements import announce
    from adapters.registry import PRODUCTION
    from streamscore.events import Announcement

    announcement = Announcement(
        source=source, model=version.name, version=str(version.version), alias=PRODUCTION
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
