"""``streamscore sources infer``: the draft of a source for a file of records."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.invocation import error_console, invocation_of, print_json
from cli.record_inputs import ONE_FILE_HELP, Format
from streamscore.errors import UsageError
from streamscore.quantities import counted

if TYPE_CHECKING:
    from streamscore.sources.inference import Draft
    from streamscore.sources.sampling import SampleCheck


def infer(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help=ONE_FILE_HELP)],
    name: Annotated[
        str | None,
        typer.Option(help="The source's name; else it is made of that of --out, or the file's."),
    ] = None,
    rows: Annotated[int, typer.Option(min=1, help="Rows of the file that are looked at.")] = 20_000,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.toml", help="Where the draft goes; standard output by default."),
    ] = None,
    time: Annotated[
        str | None, typer.Option(metavar="FIELD", help="The field that holds the event time.")
    ] = None,
    zone: Annotated[
        str | None,
        typer.Option(help="IANA zone of times written without an offset; UTC by default."),
    ] = None,
    format_: Format = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Draft the TOML file of a source from a file of its records.

    Types, roles, event time, key, bounds, personal data and rates are guessed from the first rows,
    each with its reason in a comment. The draft is a source as it stands; check its guesses.
    """
    from adapters.record_inputs import STANDARD_INPUT, record_file
    from streamscore.sources import builtin_names
    from streamscore.sources.inference import InferencePlan, infer_source
    from streamscore.sources.inference.naming import source_name_of
    from streamscore.sources.sampling import check_sample

    _check_out(out)
    if file == STANDARD_INPUT:
        raise UsageError(
            "a draft is made of a file that can be read twice; got standard input. Write it to a "
            "file first"
        )
    invocation = invocation_of(context)
    records = record_file(file, format_, invocation.environ)
    max_bytes = invocation.settings().scorer.record_max_bytes
    if name is None and out is not None:
        name = source_name_of(out.stem, builtin_names())
    draft = infer_source(records, InferencePlan(name=name, rows=rows, time=time, zone=zone))
    found = check_sample(draft.source, records, rows, max_bytes=max_bytes)
    if out is not None:
        _write(out, draft.toml)
    if json:
        print_json(_summary(draft, found, out))
        return
    if out is None:
        typer.echo(draft.toml, nl=False)
    console = error_console()
    for line in _report(draft, found, file, out):
        console.print(line)


def _check_out(out: Path | None) -> None:
    if out is None:
        return
    if out.suffix != ".toml":
        raise UsageError(f"--out names a file that ends in .toml; received {out}")
    if out.exists():
        raise UsageError(
            f"--out names a new file, so that no edited source is lost; {out} exists. Move it away "
            "or give another name"
        )


def _write(out: Path, toml: str) -> None:
    try:
        out.write_text(toml, "utf-8")
    except OSError as error:
        raise UsageError(
            f"--out names a file that can be written; {out} is not: {error.strerror}"
        ) from None


def _summary(draft: Draft, found: SampleCheck, out: Path | None) -> dict[str, object]:
    return {
        "source": draft.source,
        "out": None if out is None else str(out),
        "toml": draft.toml,
        "rows": draft.rows,
        "total_rows": draft.total_rows,
        "sample": found,
        "to_check": draft.to_check,
    }


def _report(draft: Draft, found: SampleCheck, file: str, out: Path | None) -> list[str]:
    source, share = draft.source, found.accepted / max(1, found.rows)
    accepted = f"accepts {found.accepted:,} of {counted(found.rows, 'row')} ({share:.2%})"
    fields = counted(len(source.fields), "field")
    lines = [
        f"{out or 'The draft'} describes {fields} and {accepted}.",
        *(
            f"  rejected  {fault.rows:,} {fault.reason}, first in line {fault.first_line}: "
            f"{fault.detail}"
            for fault in found.faults
        ),
        *(f"  check     {line}" for line in draft.to_check),
    ]
    if out is None:
        return [*lines, "Keep the draft with --out FILE.toml."]
    following = shlex.join(["streamscore", "sources", "check", str(out), file])
    return [*lines, f"Next: {following}"]
