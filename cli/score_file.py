"""``streamscore score-file``: the scores of a file, without Kafka."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from cli.invocation import DialectOption, Invocation, error_console, invocation_of
from cli.record_inputs import ONE_FILE_HELP, Format
from streamscore.errors import UsageError
from streamscore.quantities import counted

if TYPE_CHECKING:
    from scorer.file_scoring import RowScore
    from scorer.score_tables import Write
    from streamscore.scoring import Model


def register(app: typer.Typer) -> None:
    """Add ``streamscore score-file``."""
    app.command("score-file", rich_help_panel="Streams")(score_file)


def score_file(  # noqa: PLR0913  # an argument for each option
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
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="Score from this event time on."),
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="TIME", help="Score before this event time only.")
    ] = None,
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
    """Score a file's rows in their order, just as the stream would score them.

    With --out, what was there before stays unless the whole file was read and a row was scored.
    """
    from adapters.record_inputs import record_file
    from scorer.file_scoring import score_file as scored_batches
    from scorer.score_tables import check_suffix, table_file
    from streamscore.sources.time_range import time_range

    if out is not None:
        check_suffix(out)
        if out.resolve() == Path(file).resolve():
            raise UsageError(
                f"--out must be another file than the one that is read; received {out}"
            )
    invocation = invocation_of(context)
    records = record_file(file, format_, invocation.environ)
    loaded = _model(invocation, source, model, bundle, stateless=stateless)
    times = time_range(loaded.source, from_, to)
    batches = scored_batches(loaded, records, dialect=dialect, times=times)
    first = next(batches, None)  # what is wrong with the input is told before anything is written
    if first is None:
        raise _nothing_to_score(file, "there is none in it, or none of the range of time")
    batches = chain([first], batches)
    if out is not None:
        with table_file(out) as write:
            outcome = _written(batches, write)
            outcome.check(source, file)  # within, so that what was there before stays
    else:
        printed = _printed(batches, json=json)
        if printed is None:
            return
        outcome = printed
        outcome.check(source, file)
    version = f" version {loaded.version.version}" if loaded.version.version else ""
    error_console().print(
        f"{counted(outcome.scored, 'row')} scored with {loaded.version.name}{version}, "
        f"{outcome.flagged:,} flagged, {outcome.rejected:,} rejected"
    )


class _Outcome(NamedTuple):
    """How many rows were scored, flagged and rejected, and why the first of these was."""

    scored: int
    flagged: int
    rejected: int
    first_rejected: str

    def check(self, source: str, file: str) -> None:
        """Refuse where no row was scored: then it is hardly a file of the source."""
        if self.scored:
            return
        rows = counted(self.rejected, "row was", "rows were")
        check = shlex.join(["streamscore", "sources", "check", source, file])
        raise _nothing_to_score(
            file,
            f"{rows} rejected, the first one because of {self.first_rejected}. It is probably not "
            f"of the source {source}: `{check}` tells more",
        )


def _nothing_to_score(file: str, found: str) -> UsageError:
    return UsageError(f"scores need at least one record of the source; of {file} {found}")


def _written(batches: Iterator[list[RowScore]], write: Write) -> _Outcome:
    scored = flagged = rejected = 0
    first_rejected = ""
    for rows in batches:
        write(rows)
        bad = [f"{row.rejected} (line {row.line})" for row in rows if row.rejected is not None]
        first_rejected = first_rejected or next(iter(bad), "")
        rejected += len(bad)
        scored += len(rows) - len(bad)
        flagged += sum(row.flagged for row in rows)
    return _Outcome(scored, flagged, rejected, first_rejected)


def _printed(batches: Iterator[list[RowScore]], *, json: bool) -> _Outcome | None:
    """Print batches; None where whoever reads has enough."""
    from scorer.score_tables import csv_writer, json_writer

    try:
        outcome = _written(batches, json_writer(sys.stdout) if json else csv_writer(sys.stdout))
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would complain of it once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return None
    return outcome


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
