"""The table that the logged model takes: its columns, and an example of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from adapters.model_log import InputColumn
from streamscore.events import MASK
from streamscore.sources import Codec, Field, Source
from streamscore.sources.codec import Record

if TYPE_CHECKING:
    import pandas as pd


def input_columns(source: Source) -> tuple[InputColumn, ...]:
    """List the columns: the source's fields but those that are kept and not looked at.

    Examples
    --------
    >>> from streamscore.sources import load_source
    >>> input_columns(load_source("reviews"))[0]
    InputColumn(name='rating', type='double', is_required=True)
    """
    return tuple(
        InputColumn(name, _column_type(field), field.required)
        for name, field in source.fields.items()
        if field.type != "any"
    )


def _column_type(field: Field) -> Any:
    if field.type == "integer":
        # A column of integers cannot hold a missing value.
        return "long" if field.required else "double"
    return {"string": "string", "float": "double", "boolean": "boolean"}[field.type]


def example_table(codec: Codec, records: Sequence[Record]) -> pd.DataFrame:
    """Make a table of some records, private values masked.

    Parameters
    ----------
    codec : Codec
        Their codec.
    records : sequence of Record
        Decoded records.
    """
    import pandas as pd

    source = codec.source
    columns = {}
    for column in input_columns(source):
        values = codec.values_of(records, column.name)
        if source.fields[column.name].private:
            values = [_masked(source.fields[column.name], value) for value in values]
        dtypes = {"long": "int64", "double": "float64", "string": object, "boolean": object}
        columns[column.name] = pd.Series(values, dtype=dtypes[column.type])
    return pd.DataFrame(columns)


def _masked(field: Field, value: Any) -> Any:
    if value is None:
        return None
    if field.type == "string":
        return MASK
    if field.type == "boolean":
        return False
    return field.min if field.min is not None else 0
