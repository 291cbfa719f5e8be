"""``streamscore detectors``: what can be trained and compared by name."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.invocation import print_json, print_table


def register(app: typer.Typer) -> None:
    """Add ``streamscore detectors``."""
    app.command(rich_help_panel="Models")(detectors)


def detectors(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the detectors that `train --detector` takes, and what each is good for."""
    from trainer.detector_names import named_detectors

    every = named_detectors()
    if json:
        print_json(every)
        return
    for use, title in (
        ("stream", "SCORES THE STREAM"),
        ("compare", "COMPARED, NOT PROMOTED"),
    ):
        rows = [(one.name, _told(one.good_for, one.needs)) for one in every if one.use == use]
        print_table((title, "GOOD FOR"), rows)


def _told(good_for: str, needs: str) -> str:
    return f"{good_for} (needs streamscore[{needs}])" if needs else good_for
