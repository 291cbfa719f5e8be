"""How commands name the files of records that they read."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

FILE_HELP = (
    "CSV or JSON lines, also gzipped: a path, - for standard input, or s3://bucket/key (a / at its "
    "end, or * and ? in it, stand for several)."
)

ONE_FILE_HELP = "CSV or JSON lines, also gzipped: a path, - for standard input, or s3://bucket/key."

Format = Annotated[
    Literal["csv", "jsonl"] | None,
    typer.Option("--format", help="How records stand in the files, whatever their names say."),
]
