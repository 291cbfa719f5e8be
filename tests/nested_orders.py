"""A source of the tests' own whose fields lie within objects of a record."""

from streamscore.sources import Source
from streamscore.sources.source_files import parse_source

ORDERS_TOML = b"""
name = "orders"
key = "customer"
[event_time]
field = "at"
format = "epoch_milliseconds"
[fields.at]
type = "integer"
role = "time"
path = "payload.ts_ms"
[fields.customer]
type = "string"
role = "id"
private = true
path = "payload.after.customer.name"
[fields.amount]
type = "float"
role = "number"
min = 0
path = "payload.after.amount"
[fields.state]
type = "string"
role = "category"
path = "payload.after.state"
[fields.was]
type = "float"
role = "number"
required = false
path = "payload.before.amount"
[fields.op]
type = "string"
role = "category"
"""
ORDERS: Source = parse_source(ORDERS_TOML, "orders")
