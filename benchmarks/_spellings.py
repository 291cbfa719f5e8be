"""Files of generated records in each spelling, by plain writers that know nothing of dialects."""

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

Record = dict[str, Any]

_ACCIDENT_FORMAT = "%m/%d/%Y %I:%M:%S %p"
_SPREADSHEET_DAY_0 = datetime.fromisoformat("1899-12-30")

CITY_COLUMNS = (
    "crash_record_id", "crash_date_est_i", "crash_date", "posted_speed_limit",
    "traffic_control_device", "device_condition", "weather_condition", "lighting_condition",
    "first_crash_type", "trafficway_type", "lane_cnt", "alignment", "roadway_surface_cond",
    "road_defect", "report_type", "crash_type", "intersection_related_i", "private_property_i",
    "hit_and_run_i", "damage", "date_police_notified", "prim_contributory_cause",
    "sec_contributory_cause", "street_no", "street_direction", "street_name",
    "beat_of_occurrence", "photos_taken_i", "statements_taken_i", "dooring_i", "work_zone_i",
    "work_zone_type", "workers_present_i", "num_units", "most_severe_injury", "injuries_total",
    "injuries_fatal", "injuries_incapacitating", "injuries_non_incapacitating",
    "injuries_reported_not_evident", "injuries_no_indication", "injuries_unknown", "crash_hour",
    "crash_day_of_week", "crash_month", "latitude", "longitude", "location",
)  # fmt: skip
"""Of the city's open-data export."""


class SpelledFile(NamedTuple):
    """A way to write records.

    Attributes
    ----------
    source, dialect : str
        What is written, and how it ought to be recognised.
    name : str
        A file's name.
    write : callable
        Writes records to a path.
    """

    source: str
    dialect: str
    name: str
    write: Callable[[Iterable[Record], Path], None]


def _when(record: Record) -> datetime:
    return datetime.strptime(record["crash_date"], _ACCIDENT_FORMAT)  # noqa: DTZ007  # local


def _shown(value: Any) -> Any:
    """Return a value as a spreadsheet or a portal shows it: whole numbers without a point."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def write_canonical_csv(records: Iterable[Record], path: Path) -> None:
    """Write accidents as they are generated."""
    rows = list(records)
    _write(path, list(rows[0]), ([row[name] for name in row] for row in rows))


def write_city(records: Iterable[Record], path: Path) -> None:
    """Write accidents as the city's portal exports them: ISO times, sparse flags, more columns."""
    rows = []
    for number, record in enumerate(records):
        row = {name: _shown(value) for name, value in record.items()}
        row["crash_date"] = f"{_when(record):%Y-%m-%dT%H:%M:%S}.000"
        row["intersection_related_i"] = "Y" if record["intersection_related_i"] == "Y" else ""
        row |= {"crash_record_id": f"{number:0128x}", "posted_speed_limit": 30}
        rows.append([row.get(name, "") for name in CITY_COLUMNS])
    _write(path, CITY_COLUMNS, rows, quoting=csv.QUOTE_ALL)


def write_spreadsheet(records: Iterable[Record], path: Path) -> None:
    """Write accidents as a spreadsheet saves them: other header, M/D/YYYY, CRLF, a mark."""
    _write_saved(records, path, lambda at: f"{at.month}/{at.day}/{at.year} {at.hour}:{at:%M}")


def write_day_first(records: Iterable[Record], path: Path) -> None:
    """Write accidents as a European spreadsheet saves them: D/M/YYYY and semicolons."""
    _write_saved(
        records, path, lambda at: f"{at.day}/{at.month}/{at.year} {at.hour}:{at:%M}", delimiter=";"
    )


def write_serial(records: Iterable[Record], path: Path) -> None:
    """Write accidents with a spreadsheet's days, as text in UTF-16 with tabs."""

    def days(at: datetime) -> str:
        return f"{(at - _SPREADSHEET_DAY_0).total_seconds() / 86_400:.5f}"

    _write_saved(records, path, days, encoding="utf-16", delimiter="\t")


def write_reviews(records: Iterable[Record], path: Path) -> None:
    """Write reviews as they are generated."""
    _write_lines(records, path)


def write_reviews_2018(records: Iterable[Record], path: Path) -> None:
    """Write reviews as the edition of 2018 does: seconds, grouped votes, nothing empty."""
    _write_lines((_of_2018(record) for record in records), path)


def write_reviews_table(records: Iterable[Record], path: Path) -> None:
    """Write reviews as a spreadsheet saves them: TRUE and FALSE, 3.0 for 3, upper-case header."""
    rows = list(records)
    names = [name for name in rows[0] if name != "images"]
    values = ([_as_saved(row[name]) for name in names] for row in rows)
    header = [name.upper() for name in names]
    _write(path, header, values, encoding="utf-8-sig", lineterminator="\r\n")


def _of_2018(record: Record) -> Record:
    votes = record["helpful_vote"]
    written = {
        "overall": record["rating"],
        "vote": f"{votes:,}" if votes else None,
        "verified": record["verified_purchase"],
        "reviewerID": record["user_id"],
        "asin": record["asin"],
        "style": {"Size:": " Large"},
        "reviewerName": "A reader",
        "reviewText": record["text"] or None,
        "summary": record["title"] or None,
        "unixReviewTime": record["timestamp"] // 1000,
        "image": record["images"] or None,
    }
    return {name: value for name, value in written.items() if value is not None}


def _as_saved(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).upper()
    return f"{value}.0" if isinstance(value, int) else value


def _write_saved(
    records: Iterable[Record],
    path: Path,
    write_time: Callable[[datetime], str],
    encoding: str = "utf-8-sig",
    delimiter: str = ",",
) -> None:
    rows = list(records)
    header = [name.replace("_", " ").upper() for name in rows[0]]
    values = (
        [write_time(_when(row)) if name == "crash_date" else _shown(row[name]) for name in row]
        for row in rows
    )
    _write(path, header, values, encoding, lineterminator="\r\n", delimiter=delimiter)


def _write(
    path: Path,
    header: Sequence[str],
    rows: Iterable[Sequence[Any]],
    encoding: str = "utf-8",
    **form: Any,
) -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, **{"lineterminator": "\n", **form})
        writer.writerow(header)
        writer.writerows(rows)


def _write_lines(records: Iterable[Record], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)


SPELLED_FILES = (
    SpelledFile("accidents", "canonical", "accidents.csv", write_canonical_csv),
    SpelledFile("accidents", "city", "city.csv", write_city),
    SpelledFile("accidents", "spreadsheet", "saved.csv", write_spreadsheet),
    SpelledFile("accidents", "spreadsheet-day-first", "day-first.csv", write_day_first),
    SpelledFile("accidents", "spreadsheet-serial", "serial.csv", write_serial),
    SpelledFile("reviews", "canonical", "reviews.jsonl", write_reviews),
    SpelledFile("reviews", "canonical", "reviews.csv", write_reviews_table),
    SpelledFile("reviews", "edition-2018", "reviews-2018.jsonl", write_reviews_2018),
)
"""Every spelling of the built-in sources."""
