"""The values of one field, as a dialect writes them."""

from typing import Any

import msgspec
from msgspec import UNSET, Raw

from streamscore.sources.converters import converter_of
from streamscore.sources.dialects import FieldSpelling
from streamscore.sources.faults import RecordFault
from streamscore.sources.source import Field

_REMEMBERED_VALUES = 10_000
_REMEMBERED_LENGTH = 40


class FieldReader:
    """Reads the values of one field as a dialect writes them.

    Parameters
    ----------
    name : str
        The field.
    field : Field
        What it is in the source.
    spelling : FieldSpelling
        How the dialect writes it.

    Examples
    --------
    >>> votes = Field(type="integer", role="number")
    >>> vote = FieldSpelling(name="vote", convert="grouped", default=0)
    >>> reader = FieldReader("votes", votes, vote)
    >>> reader.of_text("1,341"), reader.of_text(""), reader.of_json(None)
    (1341, 0, 0)
    """

    def __init__(self, name: str, field: Field, spelling: FieldSpelling) -> None:
        written = " or ".join(spelling.names(name))
        self._shown = name if written == name else f"{name} ({written})"
        self._field = field
        self._default = spelling.default
        self._is_plain_text = field.type == "string" and spelling.convert == "plain"
        self._is_kept = field.type == "any" or (self._is_plain_text and self._default is None)
        self._convert = converter_of(spelling.convert, field.type)
        self._absent = () if field.type == "string" else field.missing
        self._known: dict[str, Any] = {}

    def of_text(self, text: str) -> Any:
        """Return the value of a text; UNSET where the field is absent.

        Raises
        ------
        RecordFault
            When it has none.
        """
        if text in self._known:
            return self._known[text]
        if not text or text.isspace() or text in self._absent:
            return self._of_empty(text)
        try:
            value = self._convert(text)
        except ValueError as error:
            raise RecordFault("wrong_type", f"{self._shown}: {error}") from None
        if len(self._known) < _REMEMBERED_VALUES and len(text) <= _REMEMBERED_LENGTH:
            self._known[text] = value
        return value

    def of_json(self, raw: Raw | None) -> Any:
        """Return the value of a piece of JSON, None where there is none; as `of_text`."""
        content = b"null" if raw is None else bytes(raw)
        if content == b"null":
            return self._of_none("none" if raw is None else "null")
        if self._is_kept or not content.startswith(b'"'):
            return raw
        return self.of_text(decoded(content))

    def of_nothing(self) -> Any:
        """Return the value where the file has no such column."""
        return self._of_none("none")

    def _of_empty(self, text: str) -> Any:
        keeps_text = self._is_plain_text and self._field.required and self._default is None
        received = repr(text) if text.strip() else "an empty value"
        return text if keeps_text else self._of_none(received)

    def _of_none(self, received: str) -> Any:
        if self._default is not None:
            return self._default
        if self._field.required:
            raise RecordFault("missing_field", f"{self._shown} is required, got {received}")
        return UNSET


def decoded(content: bytes) -> Any:
    """Return a piece of JSON as Python reads it; a fault where it cannot."""
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RecordFault("not_json", str(error)) from None
