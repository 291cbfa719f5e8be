"""``streamscore settings``: every setting, its value, and where it came from."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.invocation import invocation_of, print_json, print_table


def register(app: typer.Typer) -> None:
    """Add ``streamscore settings``."""
    app.command(rich_help_panel="Operate")(settings)


def settings(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show every setting, its value, and where it came from. Secrets are masked."""
    from streamscore.settings import describe

    rows = describe(invocation_of(context).settings())
    if json:
        print_json(rows)
        return
    print_table(
        ("SETTING", "VALUE", "FROM", "UNIT", "MEANING"),
        [(row.name, row.value, row.origin, row.unit, row.meaning) for row in rows],
    )
