"""``streamscore docs``: the pages of the documentation that the code's own lists make."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streamscore.errors import StreamscoreError


def register(app: typer.Typer) -> None:
    """Add the hidden command ``streamscore docs``."""
    app.command(hidden=True)(docs)


def pages() -> dict[str, str]:
    """Return every generated page: its file's name within the folder, and its text."""
    from streamscore.event_schemas import event_schemas
    from streamscore.formats import compatibility_markdown
    from streamscore.metrics import metrics_markdown
    from streamscore.settings import settings_markdown
    from streamscore.topics import topics_markdown

    return {
        "compatibility.md": compatibility_markdown(),
        "metrics.md": metrics_markdown(),
        "settings.md": settings_markdown(),
        "topics.md": topics_markdown(),
        **{f"events/{name}.schema.json": text for name, text in event_schemas().items()},
    }


def docs(
    folder: Annotated[Path, typer.Option(help="Folder of the documentation.")] = Path("docs"),
    write: Annotated[
        bool, typer.Option("--write", help="Write the pages that are stale; else fail.")
    ] = False,
) -> None:
    """Compare the generated pages of the documentation with the code, or write them."""
    stale = [name for name, text in pages().items() if _text(folder / name) != text]
    if stale and not write:
        raise StreamscoreError(
            f"Generated pages must be what the code says; stale in {folder}: {', '.join(stale)}. "
            "Write them with `streamscore docs --write`."
        )
    for name in stale:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(pages()[name], "utf-8")
        typer.echo(f"wrote {folder / name}")


def _text(page: Path) -> str | None:
    return page.read_text("utf-8") if page.exists() else None
