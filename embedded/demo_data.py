"""What a demo learns from and what it replays: two files of records, earlier and later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from embedded.demo_plan import HISTORY_SHARE, MOST_HISTORY_ROWS, DemoPlan
from producer.ordering import SpooledOrdering
from streamscore.errors import AmbiguityError, UsageError
from streamscore.sources import Codec, RecordFault, Source, builtin_names, load_source
from streamscore.sources.inference import infer_source
from streamscore.sources.record_files import LocalFile
from streamscore.sources.row_files import FileRow, read_rows
from streamscore.synthetic import generate

_LOOKED_AT_ROWS = 100
_HERE = Path()


class DemoData(msgspec.Struct, frozen=True, kw_only=True):
    """The two files of a demo, JSON lines in the order of event time.

    Attributes
    ----------
    source : Source
        Whose records they are.
    source_name : str
        Its name or the path of its TOML file, as commands take it.
    history, live : Path
        The files.
    history_rows, live_rows : int
        How many records they hold.
    origin : str
        Where the records come from, for people.
    unreadable : dict of str to int
        Reason -> rows of the user's file that no record could be made of.
    example : bytes
        The first record that is replayed.
    """

    source: Source
    source_name: str
    history: Path
    live: Path
    history_rows: int
    live_rows: int
    origin: str
    unreadable: dict[str, int]
    example: bytes


def source_of(plan: DemoPlan, is_chosen: bool, drafts: Path = _HERE) -> str:
    """Return the source of a plan: the one chosen, the one that its file fits, or an inferred one.

    Parameters
    ----------
    plan : DemoPlan
        The plan.
    is_chosen : bool
        Whether the user named the source; then the file is not looked at.
    drafts : Path
        Where the draft of an inferred source is kept.

    Raises
    ------
    UsageError
        When the file fits no source and none can be inferred, or its draft cannot be kept.
    """
    if is_chosen or plan.data is None:
        return plan.source
    for name in builtin_names():
        if _fits(load_source(name), plan.data, plan.dialect):
            return name
    return str(_inferred(plan, plan.data, drafts))


def _inferred(plan: DemoPlan, data: Path, drafts: Path) -> Path:
    """Return the TOML file of an inferred source; one that is there may have been edited."""
    try:
        draft = infer_source(LocalFile(data))
    except UsageError as error:
        raise UsageError(
            f"--data must hold records of one of the sources {', '.join(builtin_names())}, or "
            f"records that a source can be inferred from: {error}. Or name the source with "
            "--source, by the path of its TOML file"
        ) from None
    path = drafts.absolute() / f"{draft.source.name}.toml"
    if not path.exists():
        _keep(path, draft.toml)
    elif not _fits(load_source(str(path)), data, plan.dialect):
        raise UsageError(
            f"a source is inferred into a new file; {path} is there and no record of {data} fits "
            "it. Move it away, or name the source with --source"
        )
    return path


def _keep(path: Path, toml: str) -> None:
    try:
        path.write_text(toml, "utf-8")
    except OSError as error:
        raise UsageError(
            f"the draft of a source is kept in the working directory; {path} cannot be written: "
            f"{error.strerror}. Run the demo in another one"
        ) from None


def make_data(plan: DemoPlan, folder: Path) -> DemoData:
    """Write the files of a demo.

    Parameters
    ----------
    plan : DemoPlan
        What is shown.
    folder : Path
        Where; it exists.

    Raises
    ------
    UsageError
        When the user's file cannot be read, or the source cannot be generated.
    """
    source = load_source(plan.source)
    history, live = folder / "history.jsonl", folder / "live.jsonl"
    if plan.data is None:
        made = _generate(plan, source, history, live)
        origin = f"generated, seed {plan.seed}"
        return _data(plan, source, history, live, made, origin, {})
    made, unreadable = _cut(plan, plan.data, source, history, live)
    return _data(plan, source, history, live, made, plan.data.name, unreadable)


def _data(
    plan: DemoPlan,
    source: Source,
    history: Path,
    live: Path,
    rows: tuple[int, int],
    origin: str,
    unreadable: dict[str, int],
) -> DemoData:
    with live.open("rb") as lines:
        example = lines.readline().rstrip(b"\n")
    return DemoData(
        source=source,
        source_name=plan.source,
        history=history,
        live=live,
        history_rows=rows[0],
        live_rows=rows[1],
        origin=origin,
        unreadable=unreadable,
        example=example,
    )


def _generate(plan: DemoPlan, source: Source, history: Path, live: Path) -> tuple[int, int]:
    rng = np.random.default_rng(plan.seed)
    records: Iterator[dict[str, Any]] = generate(source.name, plan.history_rows + plan.rows, rng)
    encode = msgspec.json.Encoder().encode
    values = (encode(record) for record in records)
    return _write(islice(values, plan.history_rows), history), _write(values, live)


def _cut(
    plan: DemoPlan, data: Path, source: Source, history: Path, live: Path
) -> tuple[tuple[int, int], dict[str, int]]:
    unreadable: Counter[str] = Counter()
    with SpooledOrdering([data.name]) as ordering:
        for line, row, fault in read_rows(source, LocalFile(data), plan.dialect):
            if row is not None:
                ordering.add(0, line, row)
            elif fault is not None:
                unreadable[fault.reason] += 1
        past = int(len(ordering) * HISTORY_SHARE)
        if past < 1:
            raise UsageError(
                f"--data must hold records of {source.name}; {len(ordering)} rows of {data} could "
                f"be read, {sum(unreadable.values())} could not ({_listed(unreadable)})"
            )
        values = (ordered.row.value for ordered in ordering.rows())
        for _ in islice(values, max(0, past - MOST_HISTORY_ROWS)):
            pass  # older than what is learned from
        rows = (
            _write(islice(values, min(past, MOST_HISTORY_ROWS)), history),
            _write(islice(values, plan.rows), live),
        )
    return rows, dict(unreadable)


def _write(values: Iterator[bytes], path: Path) -> int:
    count = 0
    with path.open("wb") as file:
        for value in values:
            file.write(value + b"\n")
            count += 1
    return count


def _fits(source: Source, data: Path, dialect: str | None) -> bool:
    codec = Codec(source)
    try:
        rows = islice(read_rows(source, LocalFile(data), dialect), _LOOKED_AT_ROWS)
        return any(_is_record(codec, found) for found in rows)
    except AmbiguityError:  # of this source, which is told later
        return True
    except UsageError:  # another header, or not to be read at all, which is told later
        return False


def _is_record(codec: Codec, found: FileRow) -> bool:
    if found.row is None:
        return False
    try:
        codec.decode(found.row.value)
    except RecordFault:
        return False
    return True


def _listed(reasons: Counter[str]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in sorted(reasons.items())) or "none"
