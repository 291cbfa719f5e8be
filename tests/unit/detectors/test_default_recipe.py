"""The default is chosen by what the fields are, and by what is known of the history."""

from typing import Any

import msgspec

from streamscore.detectors.default_recipe import default_recipe
from streamscore.detectors.recipes import is_recipe
from streamscore.sources import Codec, Field, Source, load_source
from streamscore.sources.source import EventTime, Role
from tests.orders import ORDERS
from tests.scoring_parts import accident_values


def source(roles: dict[str, Role]) -> Source:
    kinds: Any = {"category": "string", "number": "float", "flag": "boolean", "text": "string"}
    fields = {name: Field(type=kinds[role], role=role) for name, role in roles.items()}
    at = {"at": Field(type="integer", role="time")}
    time = EventTime(field="at", format="epoch_milliseconds")
    return Source(name="trial", event_time=time, fields=at | fields)


def chosen(of: Source, rows: list[dict[str, Any]]) -> str:
    codec = Codec(of)
    values = [msgspec.json.encode({"at": 1_700_000_000_000} | row) for row in rows]
    name = default_recipe(codec, codec.read(values).records)
    assert is_recipe(name)
    return name


def test_fields_of_fractions_or_many_whole_numbers_are_quantities() -> None:
    numbers, rows = source({"a": "number", "b": "number"}), range(1000)
    assert chosen(numbers, [{"a": i % 7, "b": i % 3} for i in rows]) == "categorical"
    assert chosen(numbers, [{"a": i % 7, "b": i / 3} for i in rows]) == "continuous"
    assert chosen(numbers, [{"a": i, "b": i % 3} for i in rows]) == "continuous"


def test_in_a_mixture_the_greater_part_decides() -> None:
    mixed = source({"a": "number", "b": "category", "c": "flag"})
    rows = [{"a": 0.5, "b": "x", "c": True}] * 1000
    assert chosen(mixed, rows) == "categorical"
    assert chosen(source({"a": "number", "b": "category"}), rows) == "continuous"


def test_few_records_do_not_tell_which_values_go_with_which() -> None:
    rows = [{"a": "x"}] * 1000
    assert chosen(source({"a": "category"}), rows) == "categorical"
    assert chosen(source({"a": "category"}), rows[1:]) == "continuous"


def test_texts_join_what_the_other_fields_ask_for() -> None:
    notes: dict[str, Role] = {"note": "text", "a": "number"}
    rows = range(1000)
    ordered = [{"note": "x", "a": i % 7, "b": "y", "c": i / 3, "d": i / 7} for i in rows]
    assert chosen(source(notes), ordered) == "text"
    assert chosen(source(notes | {"b": "category"}), ordered) == "categorical+text"
    assert chosen(source(notes | {"c": "number", "d": "number"}), ordered) == "text"
    of_three = source({"note": "text", "e": "number", "c": "number", "d": "number"})
    assert chosen(of_three, [row | {"e": 0.5} for row in ordered]) == "continuous+text"


def test_known_dirt_decides_before_anything_else() -> None:
    dirty = msgspec.structs.replace(ORDERS, history="dirty")
    assert default_recipe(Codec(dirty), []) == "dirty"


def test_the_built_in_sources_have_their_own() -> None:
    accidents = Codec(load_source("accidents"))
    records = accidents.read(accident_values(1000)).records
    assert default_recipe(accidents, records) == "categorical"
    assert default_recipe(Codec(load_source("reviews")), []) == "text"


def test_what_is_known_of_the_history_changes_no_schema() -> None:
    dirty = msgspec.structs.replace(ORDERS, history="dirty")
    assert dirty.schema_hash() == ORDERS.schema_hash()
