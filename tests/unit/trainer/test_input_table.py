import msgspec

from adapters.model_log import InputColumn
from streamscore.sources import Codec, builtin_names, load_source
from streamscore.sources.source_files import parse_source
from tests.sensors import SENSORS, SENSORS_TOML
from tests.trained_sensors import CODEC, sensors_history
from trainer.input_table import example_table, input_columns
from trainer.pyfunc_model import record_values


def test_the_columns_are_the_fields_that_are_looked_at() -> None:
    assert input_columns(SENSORS) == (
        InputColumn("at", "long"),
        InputColumn("sensor", "string"),
        InputColumn("owner", "string"),
        InputColumn("temperature", "double"),
        InputColumn("pressure", "double", is_required=False),
        InputColumn("is_open", "boolean"),
    )


def test_an_optional_integer_is_a_column_that_can_hold_a_missing_value() -> None:
    field = b'[fields.count]\ntype = "integer"\nrole = "number"\nrequired = false\n'
    assert input_columns(parse_source(SENSORS_TOML + field, ""))[-1].type == "double"


def test_every_built_in_source_has_columns() -> None:
    for name in builtin_names():
        source = load_source(name)
        assert {column.name for column in input_columns(source)} <= set(source.fields)


def test_the_example_masks_what_is_private_and_still_decodes() -> None:
    source = msgspec.structs.replace(
        SENSORS,
        fields={
            name: msgspec.structs.replace(field, private=name not in {"at", "readings"})
            for name, field in SENSORS.fields.items()
        },
    )
    records = sensors_history().records[:20]
    table = example_table(Codec(source), records)
    assert set(table["owner"]) == set(table["sensor"]) == {"****"}
    assert set(table["temperature"]) == {-100.0}
    assert not table["is_open"].any()
    assert table["at"].tolist() == CODEC.values_of(records, "at")
    for value in record_values(source, table):
        CODEC.decode(value)
