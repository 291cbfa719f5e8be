"""Writing generated records as CSV or JSON lines, with the labels of their anomalies."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Literal, TextIO

import msgspec
import numpy as np
from msgspec import Struct

from streamscore.errors import UsageError
from streamscore.sources.nesting import Nesting
from streamscore.sources.source import Source
from streamscore.synthetic.anomalies import Injector
from streamscore.synthetic.generation import DEFAULT_PER_DAY, DEFAULT_START, generate

FileFormat = Literal["csv", "jsonl"]

NATURAL_FORMATS: Mapping[str, FileFormat] = {"accidents": "csv", "reviews": "jsonl"}
"""How the public records of each source are published."""


class GenerationPlan(Struct, frozen=True, kw_only=True):
    """What to generate.

    Attributes
    ----------
    rows : int
        How many records, at least 0.
    seed : int
        Seed, at least 0.
    start : date
        The first day, in the source's zone.
    per_day : float
        Mean number of records a day, above 0.
    anomaly_share : float
        The share of records, 0 to 1, that are made anomalous.
    """

    rows: int
    seed: int = 0
    start: date = DEFAULT_START
    per_day: float = DEFAULT_PER_DAY
    anomaly_share: float = 0.0


class Labelled(Struct, frozen=True):
    """A generated record.

    Attributes
    ----------
    record : dict
        Its JSON values.
    kind : str or None
        The kind of anomaly; None for a normal record.
    """

    record: dict[str, Any]
    kind: str | None


def labelled_records(source: Source, plan: GenerationPlan) -> Iterator[Labelled]:
    """Yield generated records, some of them made anomalous.

    The normal records are the same at every share of anomalies.

    Raises
    ------
    UsageError
        When the source cannot be generated, or the plan breaks a rule.

    Examples
    --------
    >>> from streamscore.sources import load_source
    >>> plan = GenerationPlan(rows=100, anomaly_share=0.1)
    >>> sum(one.kind is not None for one in labelled_records(load_source("accidents"), plan))
    9
    """
    if not 0 <= plan.anomaly_share <= 1:
        raise UsageError(f"--anomalies is a share from 0 to 1, got {plan.anomaly_share:g}")
    record_rng, anomaly_rng = np.random.default_rng(plan.seed).spawn(2)
    records = generate(source.name, plan.rows, record_rng, start=plan.start, per_day=plan.per_day)
    injector = Injector(source, anomaly_rng)
    records = map(Nesting(source).record, records)
    return (_labelled(record, injector, plan.anomaly_share, anomaly_rng) for record in records)


def write_records(
    source: Source,
    records: Iterable[Labelled],
    file_format: FileFormat,
    file: TextIO,
    labels: TextIO | None = None,
) -> tuple[int, int]:
    """Write records, and where the anomalies are.

    Parameters
    ----------
    source : Source
        The source; a CSV has its fields as columns, in their order.
    records : iterable of Labelled
        What to write.
    file_format : {"csv", "jsonl"}
        How.
    file : text file
        Where to.
    labels : text file, optional
        Gets a JSON line `{"line": 17, "kind": "sum"}` for each anomaly; lines are those of `file`,
        from 1, and a CSV's header is line 1.

    Returns
    -------
    tuple of int and int
        How many records, and how many of them anomalies.
    """
    write = _csv_writer(source, file) if file_format == "csv" else _json_writer(file)
    header_lines = 1 if file_format == "csv" else 0
    anomalies = line = 0
    for line, labelled in enumerate(records, 1):
        write(labelled.record)
        if labelled.kind is not None:
            anomalies += 1
            if labels is not None:
                label = {"line": line + header_lines, "kind": labelled.kind}
                labels.write(msgspec.json.encode(label).decode() + "\n")
    return line, anomalies


def _labelled(
    record: dict[str, Any], injector: Injector, share: float, rng: np.random.Generator
) -> Labelled:
    if share and rng.random() < share:
        anomaly = injector.inject(record)
        return Labelled(anomaly.record, anomaly.kind)
    return Labelled(record, None)


def _json_writer(file: TextIO) -> Any:
    encode = msgspec.json.Encoder().encode
    return lambda record: file.write(encode(record).decode() + "\n")


def _csv_writer(source: Source, file: TextIO) -> Any:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(source.fields)
    names = tuple(source.fields)
    values_of = Nesting(source).values

    def write(record: dict[str, Any]) -> None:
        values = values_of(record)
        writer.writerow([_cell(values.get(name)) for name in names])

    return write


def _cell(value: Any) -> Any:
    if isinstance(value, bool | list | dict):
        return msgspec.json.encode(value).decode()
    return value
