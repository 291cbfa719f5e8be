"""``streamscore score-file``: the scores of a file, without Kafka."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.invocation import DialectOption, Invocation, error_console, invocation_of
from cli.record_inputs import ONE_FILE_HELP, Format
from streamscore.errors import UsageError

if TYPE_CHECKING:
    from scorer.score_tables import Write
    from streamscore.scoring import Model
    from streamscore.sources.record_files import RecordFile


def register(app: typer.Typer) -> None:
    """Add ``streamscore score-file``."""
    app.command("score-file", rich_help_panel="Streams")(score_file)


def score_file(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="A source: its name, or the path of its TOML.")],
    file: Annotated[str, typer.Argument(help=ONE_FILE_HELP)],
    model: Annotated[
        str | None,
        typer.Option(metavar="VERSION|ALIAS", help="The model in MLflow; production by default."),
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A bundle's folder, in its place.")
    ] = None,
    dialect: DialectOption = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help=".csv, .jsonl or .parquet; standard output by default."),
    ] = None,
    format_: Format = None,
    stateless: Annotated[
        bool,
        typer.Option(
            "--stateless",
            help="Leave out detectors that compare a row with earlier ones: for rows in no order.",
        ),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON lines where --out is not given.")
    ] = False,
) -> None:
    """Score a file's rows in their order, just as the stream would score them."""
    from adapters.record_inputs import record_file
    from scorer.score_tables import csv_writer, json_writer, table_file

    if out is not None and out.resolve() == Path(file).resolve():
        raise UsageError(f"--out must be another file than the one that is read; received {out}")
    invocation = invocation_of(context)
    records = record_file(file, format_, invocation.environ)
    loaded = _model(invocation, source, model, bundle, stateless=stateless)
    if out is not None:
        with table_file(out) as write:
            _score(loaded, records, dialect, write)
        return
    try:
        write = json_writer(sys.stdout) if json else csv_writer(sys.stdout)
        _score(loaded, records, dialect, write)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read had enough; Python would complain of it once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _score(model: Model, file: RecordFile, dialect: str | None, write: Write) -> None:
    from scorer.file_scoring import score_file as scored_batches

    scored = flagged = rejected = 0
    for rows in scored_batches(model, file, dialect=dialect):
        write(rows)
        scored += sum(row.rejected is None for row in rows)
        rejected += sum(row.rejected is not None for row in rows)
        flagged += sum(row.flagged for row in rows)
    version = f" version {model.version.version}" if model.version.version else ""
    error_console().print(
        f"{scored:,} rows scored with {model.version.name}{version}, {flagged:,} flagged, "
        f"{rejected:,} rejected"
    )


def _model(
    invocation: Invocation, source: str, wanted: str | None, bundle: Path | None, *, stateless: bool
) -> Model:
    from streamscore.bundle import read_bundle
    from streamscore.scoring import Model
    from streamscore.sources import Codec, load_source

    if wanted is not None and bundle is not None:
        raise UsageError(
            f"a model comes from MLflow or from a folder; received --model {wanted} and --bundle "
            f"{bundle}. Give one of them"
        )
    settings = invocation.settings()
    loaded = load_source(source)
    codec = Codec(loaded, settings.scorer.record_max_bytes)
    if bundle is not None:
        return Model(codec, read_bundle(bundle), str(bundle), "", stateless=stateless)
    from scorer.production_models import ProductionModels

    models = ProductionModels(settings.mlflow, invocation.environ)
    named = models.named(loaded.name, *([] if wanted is None else [wanted]))
    fetched = read_bundle(models.fetch(named))
    return Model(codec, fetched, named.name, named.version, stateless=stateless)
