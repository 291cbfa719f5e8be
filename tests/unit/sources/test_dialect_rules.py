"""The TOML of a dialect is checked as the rest of a source is: all faults at once."""

import pytest

from streamscore.errors import SourceError
from streamscore.sources.dialects import Dialect, FieldSpelling
from streamscore.sources.source_files import parse_source
from tests.sensors import SENSORS, SENSORS_TOML

EXPORT = b"""
[dialects.export]
title = "The old system"
layout = "csv"
event_time = ["epoch_seconds", "%Y-%m-%d %H:%M"]
[dialects.export.fields]
sensor = { name = ["device", "unit"], convert = "upper" }
pressure = { convert = "grouped", default = 0 }
is_open = { convert = "yes_no", default = false }
"""


def faults(*lines: str) -> str:
    with pytest.raises(SourceError) as caught:
        parse_source(SENSORS_TOML + "\n".join(lines).encode(), "sensors")
    return str(caught.value)


def test_a_dialect_states_what_it_writes_otherwise() -> None:
    source = parse_source(SENSORS_TOML + EXPORT, "sensors")
    assert source.dialects["export"] == Dialect(
        title="The old system",
        layout="csv",
        event_time=("epoch_seconds", "%Y-%m-%d %H:%M"),
        fields={
            "sensor": FieldSpelling(name=("device", "unit"), convert="upper"),
            "pressure": FieldSpelling(convert="grouped", default=0),
            "is_open": FieldSpelling(convert="yes_no", default=False),
        },
    )


def test_dialects_change_nothing_that_a_model_learns() -> None:
    assert parse_source(SENSORS_TOML + EXPORT, "s").schema_hash() == SENSORS.schema_hash()


def test_every_fault_of_its_shape_is_told() -> None:
    said = faults(
        "[dialects.a]",
        'titel = "x"',
        'layout = "xlsx"',
        "[dialects.a.fields]",
        'sensor = { names = "device" }',
        'pressure = { convert = "roman", default = [] }',
    )
    for part in (
        "dialects.a: there is no key 'titel'",
        "dialects.a.layout: Invalid enum value 'xlsx'",
        "dialects.a.fields.sensor: there is no key 'names'",
        "dialects.a.fields.pressure.convert: Invalid enum value 'roman'",
        "dialects.a.fields.pressure.default: Expected",
    ):
        assert part in said


def test_every_rule_that_it_breaks_is_told() -> None:
    said = faults(
        "[dialects.canonical]",
        '[dialects."My export"]',
        "[dialects.a]",
        'event_time = ["%H:%M", "%d/%m/%Y", "%m/%d/%Y", "iso8601", "iso8601"]',
        "[dialects.a.fields]",
        'nothing = { name = "x" }',
        'sensor = { name = "", convert = "grouped" }',
        "temperature = { default = 200 }",
        'is_open = { convert = "percent", default = "no" }',
        'at = { convert = "trim", default = 1 }',
        'readings = { default = "anything" }',
    )
    for part in (
        "dialects.canonical: the name canonical is the source's own spelling's",
        "dialects.My export: a name is of lower-case letters",
        "dialects.a: event_time must be iso8601, epoch_seconds, epoch_milliseconds, serial_days",
        "got '%H:%M'",
        "event_time: %d/%m/%Y and %m/%d/%Y read '03/02/2001' differently; name one of them",
        "event_time: iso8601 and iso8601 are the same",
        "dialects.a: fields.nothing: the source has no such field",
        "fields.sensor: a name must not be empty",
        "fields.sensor: convert grouped needs type integer or float, got string",
        "fields.temperature: default: Expected `float` <= 100.0",
        "fields.is_open: convert percent needs type float, got boolean",
        "fields.is_open: default: Expected `bool`, got `str`",
        "fields.at: convert trim needs type string, got integer",
        "fields.at: the event time has no convert and no default",
    ):
        assert part in said
    assert "readings" not in said
