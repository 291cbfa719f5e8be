"""Tables of columns whose types and roles are known give them back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamscore.sources.source_files import parse_source
from tests.inferred_files import checked, csv_bytes, json_bytes

ROWS = 120
START = datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)
FORMATS = (
    *("%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%d.%m.%Y %H:%M:%S"),
    *("%d-%b-%Y %H:%M", "%Y%m%d%H%M%S", "%d/%b/%Y:%H:%M:%S %z", "%Y/%m/%d %H:%M:%S.%f"),
)
WORDS = [
    "late",
    "parcel",
    "lost",
    "again",
    "wrong",
    "size",
    "colour",
    "never",
    "came",
    "back",
    "thanks",
    "good",
    "bad",
    "ugly",
]


class Known(NamedTuple):
    """A column, and the type and role that it has."""

    values: list[Any]
    type: str
    role: str


def numbers(rng: np.random.Generator) -> Known:
    scale = 10.0 ** float(rng.integers(-2, 6))
    return Known((rng.normal(size=ROWS) * scale).tolist(), "float", "number")


def counts(rng: np.random.Generator) -> Known:
    return Known(rng.poisson(7, ROWS).tolist(), "integer", "number")


def categories(rng: np.random.Generator) -> Known:
    values = [f"Value {i}" for i in range(int(rng.integers(2, 20)))]
    return Known([str(one) for one in rng.choice(values, ROWS)], "string", "category")


def flags(rng: np.random.Generator) -> Known:
    return Known([bool(one) for one in rng.random(ROWS) < 0.5], "boolean", "flag")


def ids(rng: np.random.Generator) -> Known:
    return Known([rng.bytes(16).hex() for _ in range(ROWS)], "string", "id")


def texts(rng: np.random.Generator) -> Known:
    written = [" ".join(rng.choice(WORDS, int(rng.integers(6, 20)))) for _ in range(ROWS)]
    return Known(written, "string", "text")


def constants(rng: np.random.Generator) -> Known:
    return Known([f"always {rng.integers(9)}"] * ROWS, "string", "ignored")


KINDS = (numbers, counts, categories, flags, ids, texts, constants)
KNOWN = st.builds(
    lambda kind, seed: kind(np.random.default_rng(seed)),
    st.sampled_from(KINDS),
    st.integers(0, 2**32),
)
NAMES = st.text(st.characters(codec="utf-8", categories=["Lu", "Ll", "Lo"]), max_size=3).map(
    lambda letters: f"x{letters}. {letters}x"
)


def times(layout: str, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    minutes = np.cumsum(rng.integers(1, 3_000, ROWS)).tolist()
    return [(START + timedelta(minutes=m)).strftime(layout) for m in minutes]


@given(st.dictionaries(NAMES, KNOWN, min_size=1, max_size=5), st.sampled_from(FORMATS), st.data())
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_types_roles_and_the_time_come_back_and_every_row_is_accepted(
    tmp_path: Path, known: dict[str, Known], layout: str, data: st.DataObject
) -> None:
    columns = {name: one.values for name, one in known.items()}
    columns["when"] = times(layout, data.draw(st.integers(0, 2**32)))
    is_csv = data.draw(st.booleans())
    rows = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    name, content = ("t.csv", csv_bytes(columns)) if is_csv else ("t.jsonl", json_bytes(rows))
    draft, check = checked(tmp_path, name, content)
    assert (check.accepted, check.rows) == (ROWS, ROWS)
    assert parse_source(draft.toml.encode(), "again") == draft.source
    assert draft.source.event_time.field == "when"
    assert draft.source.event_time.format == layout
    assert list(draft.source.fields) == list(columns)
    found = {name: draft.source.fields[name] for name in known}
    assert {name: (one.type, one.role) for name, one in found.items()} == {
        name: (one.type, one.role) for name, one in known.items()
    }


@given(st.data())
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_a_file_holds_beside_a_time_its_draft_is_a_source(
    tmp_path: Path, data: st.DataObject
) -> None:
    """Values of all sorts in one column, names of all sorts."""
    values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
    nested = values | st.lists(values, max_size=2) | st.dictionaries(st.text(max_size=3), values)
    names = data.draw(st.lists(st.text(max_size=6), max_size=4))
    rows = [
        {**{name: data.draw(nested) for name in names}, "at": 1_700_000_000 + i} for i in range(4)
    ]
    draft, check = checked(tmp_path, "t.jsonl", json_bytes(rows))
    assert draft.source.event_time.field == "at"
    assert check.rows == len(rows)


@pytest.mark.parametrize("layout", FORMATS)
def test_times_of_one_layout_are_all_read(tmp_path: Path, layout: str) -> None:
    columns = {"when": times(layout, 1), "size": list(range(ROWS))}
    draft, check = checked(tmp_path, "t.csv", csv_bytes(columns))
    assert draft.source.event_time.format == layout
    assert check.accepted == ROWS
