"""The frame that serializers of a schema registry put around a value: a zero and a schema's id."""

import msgspec

from streamscore.sources.faults import RecordFault

_MAGIC = 0
_FRAME_BYTES = 5


def framing_fault(value: bytes) -> RecordFault | None:
    r"""Return the fault of a value that is framed; none where it is not.

    A value that is JSON never begins with a zero, so this is asked of no good record. The frame is
    one byte 0, four bytes of the schema's id, the most significant first, and then the payload
    (Confluent, "Wire format").

    Examples
    --------
    >>> print(framing_fault(b"\x00\x00\x00\x00\x2a\x06ann").reason)
    schema_registry
    >>> framing_fault(b"{") is None
    True
    """
    if len(value) < _FRAME_BYTES or value[0] != _MAGIC:
        return None
    schema = int.from_bytes(value[1:_FRAME_BYTES], "big")
    is_json = _is_json(value[_FRAME_BYTES:])
    payload = (
        "JSON behind it, as the JSON Schema serializer writes"
        if is_json
        else "as the Avro and Protobuf serializers write"
    )
    return RecordFault(
        "schema_registry",
        f"a record is plain JSON; got a frame of a schema registry, id {schema}, {payload}. "
        "Have the producer write plain JSON (a serializer without a registry, or a connector's "
        "JsonConverter with schemas.enable=false), or convert the topic and read the copy",
    )


def _is_json(payload: bytes) -> bool:
    try:
        payload.decode()
        msgspec.json.decode(payload, type=msgspec.Raw)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        return False
    return True
