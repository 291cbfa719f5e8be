"""What an output takes over from its record."""

from scorer.passing_on import LARGEST_HEADERS_BYTES, LARGEST_KEY_BYTES, passed_on
from streamscore import headers
from streamscore.events import sha256
from tests.scoring_parts import Consumed

OWN: list[tuple[str, bytes | None]] = [(headers.ROW, b"f:1"), ("x", None)]


def test_key_and_headers_of_a_usual_record_are_its_own() -> None:
    assert passed_on(Consumed(0, b"{}", key=b"k", headers=OWN)) == (b"k", OWN)


def test_headers_of_outputs_are_not_taken_over_from_a_record() -> None:
    forged: list[tuple[str, bytes | None]] = [(name, b"?") for name in sorted(headers.OF_OUTPUTS)]
    passed = passed_on(Consumed(0, b"{}", headers=[*forged, *OWN, *forged]))
    assert passed.headers == OWN


def test_that_headers_were_unreadable_is_said() -> None:
    unreadable: list[tuple[str, bytes | None]] = [(headers.HEADERS, b"unreadable")]
    assert passed_on(Consumed(0, b"{}", headers=unreadable)).headers == unreadable


def test_of_headers_too_large_only_those_of_the_project_are_left() -> None:
    large: tuple[str, bytes | None] = ("large", b"\0" * LARGEST_HEADERS_BYTES)
    passed = passed_on(Consumed(0, b"{}", headers=[large, *OWN]))
    assert passed.headers == [OWN[0], (headers.HEADERS, b"too-large")]


def test_many_small_headers_are_too_large_together() -> None:
    many: list[tuple[str, bytes | None]] = [("", None)] * LARGEST_HEADERS_BYTES
    assert passed_on(Consumed(0, b"{}", headers=many)).headers == [(headers.HEADERS, b"too-large")]


def test_a_trace_context_that_is_too_large_is_left_out_as_well() -> None:
    large: tuple[str, bytes | None] = (headers.TRACEPARENT, b"0" * LARGEST_HEADERS_BYTES)
    assert passed_on(Consumed(0, b"{}", headers=[large])).traceparent is None


def test_a_key_too_large_is_replaced_by_its_hash() -> None:
    key = b"k" * (LARGEST_KEY_BYTES + 1)
    passed = passed_on(Consumed(0, b"{}", key=key))
    assert passed == (sha256(key).encode(), [(headers.KEY, b"hash")])


def test_a_trace_context_that_could_swell_an_event_is_no_part_of_it() -> None:
    odd: list[tuple[str, bytes | None]] = [(headers.TRACEPARENT, b"\x01" * 200_000)]
    passed = passed_on(Consumed(0, b"{}", headers=odd))
    assert (passed.traceparent, passed.headers) == (None, odd)
