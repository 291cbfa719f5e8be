"""``streamscore sources``: what streams are known, and whether a file fits one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.infer import infer
from cli.invocation import DialectOption, invocation_of, print_json, print_table
from cli.record_inputs import ONE_FILE_HELP, Format
from cli.source_names import SourceArgument

if TYPE_CHECKING:
    from streamscore.sources import Source
    from streamscore.sources.dialects import Dialect
    from streamscore.sources.sampling import SampleCheck

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add ``streamscore sources``."""
    group = typer.Typer(no_args_is_help=True)
    group.command("list")(list_sources)
    group.command()(show)
    group.command()(check)
    group.command()(infer)
    app.add_typer(
        group,
        name="sources",
        help="List, show, check and draft sources.",
        rich_help_panel="Streams",
    )


def list_sources(json: Json = False) -> None:
    """List the sources that are built in. Any TOML file is one more, by its path."""
    from streamscore.sources import builtin_names, load_source

    known = [load_source(name) for name in builtin_names()]
    if json:
        print_json([{"name": one.name, "title": one.title} for one in known])
        return
    print_table(
        ("SOURCE", "FIELDS", "TITLE"),
        [(one.name, str(len(one.fields)), one.title) for one in known],
    )


def show(source: SourceArgument, json: Json = False) -> None:
    """Show what a source says of its records."""
    from streamscore.sources import load_source

    loaded = load_source(source)
    if json:
        print_json(loaded)
        return
    print_table(("SOURCE", loaded.name), _facts(loaded))
    print_table(
        ("FIELD", "TYPE", "ROLE", "RULES"),
        [
            (name, field.type, field.role, ", ".join(_rules(loaded, name)))
            for name, field in loaded.fields.items()
        ],
    )
    for name, dialect in loaded.dialects.items():
        print_table(("DIALECT", name), _dialect_facts(loaded, dialect))


def check(
    context: typer.Context,
    source: SourceArgument,
    file: Annotated[str | None, typer.Argument(metavar="FILE", help=ONE_FILE_HELP)] = None,
    rows: Annotated[int, typer.Option(min=1, help="Rows of the file that are looked at.")] = 10_000,
    all_: Annotated[bool, typer.Option("--all", help="Look at every row of the file.")] = False,
    dialect: DialectOption = None,
    format_: Format = None,
    json: Json = False,
) -> None:
    """Check a source's TOML file, and how a file fits it: what would be accepted, and why not.

    Exit code 1 when a row that was looked at does not fit.
    """
    from adapters.record_inputs import record_file
    from streamscore.sources import load_source
    from streamscore.sources.sampling import check_sample

    loaded = load_source(source)
    found = None
    if file is not None:
        invocation = invocation_of(context)
        records = record_file(file, format_, invocation.environ)
        max_bytes = invocation.settings().scorer.record_max_bytes
        found = check_sample(loaded, records, None if all_ else rows, dialect, max_bytes)
    if json:
        print_json({"source": loaded.name, "sample": found})
    elif found is None:
        print_table(("SOURCE", loaded.name), [("fields", str(len(loaded.fields)))])
    else:
        print_table(("DIALECT", found.dialect), [("rows looked at", f"{found.rows:,}")])
        _print_sample(found)
    if found is not None and found.faults:
        raise typer.Exit(1)


def _print_sample(found: SampleCheck) -> None:
    lines = [("accepted", f"{found.accepted:,}", "", "")]
    lines += [
        (fault.reason, f"{fault.rows:,}", f"line {fault.first_line}", fault.detail)
        for fault in found.faults
    ]
    print_table(("ROWS", "COUNT", "FIRST", "DETAIL"), lines)


def _facts(source: Source) -> list[tuple[str, str]]:
    time = source.event_time
    return [
        ("title", source.title),
        ("event time", f"{time.field}, {time.format}, {time.zone}"),
        ("accepted times", f"{time.earliest} to {time.latest}"),
        ("key", source.key or "none"),
        ("nominal rate", f"{source.nominal_rate:g}"),
        *(
            []
            if source.records_per_day is None
            else [("records a day", f"{source.records_per_day:,g}")]
        ),
        ("schema", source.schema_hash()),
    ]


def _dialect_facts(source: Source, dialect: Dialect) -> list[tuple[str, str]]:
    facts = [
        ("title", dialect.title),
        ("layout", dialect.layout or "any"),
        ("event time", ", ".join(dialect.formats(source.event_time.format))),
    ]
    for field, spelling in dialect.fields.items():
        parts = [" or ".join(spelling.names(field))]
        parts += [] if spelling.convert == "plain" else [f"read as {spelling.convert}"]
        parts += [] if spelling.default is None else [f"{spelling.default!r} where empty"]
        facts.append((field, ", ".join(parts)))
    return facts


def _rules(source: Source, name: str) -> list[str]:
    field = source.fields[name]
    bounds = (("at least", field.min), ("at most", field.max), ("characters", field.max_length))
    rules = [] if field.path is None else [f"at {field.path}"]
    rules += [] if field.required else ["optional"]
    rules += [f"{rule} {bound:g}" for rule, bound in bounds if bound is not None]
    if field.missing:
        rules.append(f"missing as {', '.join(field.missing)}")
    if field.private:
        rules.append("private")
    return rules
