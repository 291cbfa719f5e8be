"""The values of one field, as a file writes them."""

from typing import Any

import msgspec
from msgspec import UNSET, Raw

from streamscore.sources.converters import converter_of
from streamscore.sources.dialects import FieldSpelling
from streamscore.sources.faults import RecordFault
from streamscore.sources.source import Field

_REMEMBERED_VALUES = 10_000
_REMEMBERED_LENGTH = 40
_AS_IN_THE_SOURCE = FieldSpelling()


class FieldReader(dict[str, Any]):
    """The values of one field by the text that a file writes: `reader[text]` converts it.

    UNSET is the value where the field is absent: the text is empty, or one that says "not known".
    Blanks are a value where the field is a string whose text stays as it is; for every other they
    are empty. A text without a value raises RecordFault. Those read are remembered: numbers repeat.

    Parameters
    ----------
    name : str
        The field.
    field : Field
        What it is in the source.
    spelling : FieldSpelling
        How the file writes it.

    Examples
    --------
    >>> votes = Field(type="integer", role="number")
    >>> vote = FieldSpelling(name="vote", convert="grouped", default=0)
    >>> reader = FieldReader("votes", votes, vote)
    >>> reader["1,341"], reader[" "], reader.of_json(None)
    (1341, 0, 0)
    """

    def __init__(
        self, name: str, field: Field, spelling: FieldSpelling = _AS_IN_THE_SOURCE
    ) -> None:
        super().__init__()
        written = " or ".join(spelling.names(name))
        self._shown = name if written == name else f"{name} ({written})"
        self._field = field
        self._default = spelling.default
        self._is_plain_text = field.type == "string" and spelling.convert == "plain"
        self._blanks_are_empty = not self._is_plain_text
        self._is_kept = field.type == "any" or (self._is_plain_text and self._default is None)
        self._convert = converter_of(spelling.convert, field.type)
        self._absent = () if field.type == "string" else field.missing

    def __missing__(self, text: str) -> Any:
        # Not a function of its own: most values of a long file come by here.
        if not text or text in self._absent or (self._blanks_are_empty and text.isspace()):
            value = self._of_empty(text)
        else:
            try:
                value = self._convert(text)
            except ValueError as error:
                raise RecordFault("wrong_type", f"{self._shown}: {error}") from None
        if len(self) < _REMEMBERED_VALUES and len(text) <= _REMEMBERED_LENGTH:
            self[text] = value
        return value

    def of_json(self, raw: Raw | None) -> Any:
        """Return the value of a piece of JSON, None where there is none; as of a text."""
        content = b"null" if raw is None else bytes(raw)
        if content == b"null":
            return self._of_none("none" if raw is None else "null")
        if self._is_kept or not content.startswith(b'"'):
            return raw
        return self[decoded(content)]

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
