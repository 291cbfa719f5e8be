"""What each row of a file is, by plain reading that shares no code with the product's readers.

Names, formats and encodings are written down here once more; only the types and bounds of fields
are those of the source.
"""

import csv
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from streamscore.sources import Field, Source

Record = dict[str, Any]

_DAY_0 = datetime.fromisoformat("1899-12-30")
_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "float": (int, float),
    "boolean": (bool,),
    "any": (object,),
}
_NAMES_OF_2018 = {
    "rating": "overall",
    "title": "summary",
    "text": "reviewText",
    "images": "image",
    "asin": "asin",
    "parent_asin": "asin",
    "user_id": "reviewerID",
    "helpful_vote": "vote",
    "verified_purchase": "verified",
}


class PlainRow(NamedTuple):
    """What a row is.

    Attributes
    ----------
    line : int
        Where it is, from 1.
    record : dict
        The record in the source's own spelling, as far as it can be read.
    faults : frozenset of str
        Every reason for which the row cannot be scored; none where it can.
    """

    line: int
    record: Record
    faults: frozenset[str]


PlainReader = Callable[[Source, Path], Iterator[PlainRow]]


def plain_reader(source_name: str, dialect: str, layout: str) -> PlainReader:
    """Return the plain reader of a spelling."""
    return _READERS[source_name, dialect, layout]


def _canonical_time(text: str) -> str:
    datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p")  # noqa: DTZ007  # a local time
    return text


def _city_time(text: str) -> str:
    return _written(datetime.fromisoformat(text))


def _month_first(text: str) -> str:
    return _written(datetime.strptime(text, "%m/%d/%Y %H:%M"))  # noqa: DTZ007  # a local time


def _day_first(text: str) -> str:
    return _written(datetime.strptime(text, "%d/%m/%Y %H:%M"))  # noqa: DTZ007  # a local time


def _serial(text: str) -> str:
    return _written(_DAY_0 + timedelta(seconds=round(float(text) * 86_400)))


def _written(at: datetime) -> str:
    return at.strftime("%m/%d/%Y %I:%M:%S %p")


def _accidents(
    read_time: Callable[[str], str],
    encoding: str = "utf-8-sig",
    delimiter: str = ",",
    unmarked: str = "",
) -> PlainReader:
    def read(source: Source, path: Path) -> Iterator[PlainRow]:
        for line, cells in _table(path, encoding, delimiter):
            cells["intersection_related_i"] = cells["intersection_related_i"] or unmarked
            yield _table_row(source, line, cells, "crash_date", read_time)

    return read


def _reviews_table(source: Source, path: Path) -> Iterator[PlainRow]:
    for line, cells in _table(path, "utf-8-sig", ","):
        yield _table_row(source, line, cells, "timestamp", lambda text: str(float(text)))


def _table(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[int, dict[str, str]]]:
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        header = [name.lower().replace(" ", "_") for name in next(reader)]
        for cells in reader:
            yield reader.line_num, dict(zip(header, cells, strict=True))


def _table_row(
    source: Source, line: int, cells: dict[str, str], time: str, read_time: Callable[[str], str]
) -> PlainRow:
    record: Record = {}
    faults = set()
    for name in (name for name in source.fields if name in cells):
        field, text = source.fields[name], cells[name]
        try:
            record[name] = _value(field, read_time(text) if name == time else text)
        except ValueError:
            empty = "missing_field" if not text else "wrong_type"
            faults.add("event_time_unreadable" if name == time else empty)
    return PlainRow(line, record, frozenset(faults | _broken(source, record)))


def _value(field: Field, text: str) -> Any:
    if field.type == "string":
        return text
    if field.type == "boolean":
        return {"true": True, "false": False}[text.lower()] if text else float(text)
    number = float(text)
    if field.type == "float":
        return number
    if not number.is_integer():
        raise ValueError(text)
    return int(number)


def _lines(path: Path) -> Iterator[tuple[int, Record]]:
    with path.open(encoding="utf-8") as file:
        for line, text in enumerate(file, 1):
            yield line, json.loads(text)


def _reviews(source: Source, path: Path) -> Iterator[PlainRow]:
    for line, record in _lines(path):
        absent = {n for n, field in source.fields.items() if field.required and n not in record}
        faults = _broken(source, record) | ({"missing_field"} if absent else set())
        yield PlainRow(line, record, frozenset(faults))


def _reviews_2018(source: Source, path: Path) -> Iterator[PlainRow]:
    for line, old in _lines(path):
        record: Record = {}
        faults = set()
        for name, written in _NAMES_OF_2018.items():
            is_text = source.fields[name].type == "string"
            if old.get(written) is not None and (is_text or old[written] != ""):
                record[name] = old[written]
            elif name in ("title", "text"):
                record[name] = ""
            elif name != "helpful_vote" and source.fields[name].required:
                faults.add("missing_field")
        record["helpful_vote"] = int(old.get("vote", "0").replace(",", ""))
        record["timestamp"] = old["unixReviewTime"] * 1000
        yield PlainRow(line, record, frozenset(faults | _broken(source, record)))


def _broken(source: Source, record: Record) -> set[str]:
    """Return the reasons for which values break the rules of their fields."""
    faults = set()
    for name, value in record.items():
        field = source.fields[name]
        is_fit = isinstance(value, _JSON_TYPES[field.type])
        if not is_fit or (isinstance(value, bool) and field.type not in ("boolean", "any")):
            faults.add("wrong_type")
        elif not _is_within(field, value):
            faults.add("out_of_range")
    return faults


def _is_within(field: Field, value: Any) -> bool:
    if isinstance(value, str):
        return field.max_length is None or len(value) <= field.max_length
    too_low = field.min is not None and value < field.min
    return not too_low and (field.max is None or value <= field.max)


_READERS: dict[tuple[str, str, str], PlainReader] = {
    ("accidents", "canonical", "csv"): _accidents(_canonical_time),
    ("accidents", "city", "csv"): _accidents(_city_time, unmarked="N"),
    ("accidents", "spreadsheet", "csv"): _accidents(_month_first),
    ("accidents", "spreadsheet-day-first", "csv"): _accidents(_day_first, delimiter=";"),
    ("accidents", "spreadsheet-serial", "csv"): _accidents(_serial, "utf-16", "\t"),
    ("reviews", "canonical", "csv"): _reviews_table,
    ("reviews", "canonical", "jsonl"): _reviews,
    ("reviews", "edition-2018", "jsonl"): _reviews_2018,
}
