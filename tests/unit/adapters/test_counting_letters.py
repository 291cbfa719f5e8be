"""Dead letters are counted and listed by what a redrive would do with each."""

from collections import Counter

from adapters.dead_letters import Found, count_letters
from streamscore import headers
from streamscore.dead_letters import STATUSES, DeadLetter, LaterLetter, Place, Positions, Selection


def letter(offset: int, value: bytes | None = b"{", **more: object) -> DeadLetter:
    facts = {
        "place": Place(0, offset),
        "written_ms": 1000 * offset,
        "reason": "missing_field",
        "detail": "",
        "position": f"cluster/topic/0/{offset}",
        "topic": "records",
        "key": None,
        "value": value,
        "headers": (),
        **more,
    }
    return DeadLetter(**facts)  # type: ignore[arg-type]


def one_of_each_status() -> tuple[list[Found], Positions]:
    came_back = [(headers.ORIGINAL, b"cluster/topic/0/0")]
    sent = Positions()
    sent.add("cluster/topic/0/2")
    letters = [
        letter(1),
        letter(2),
        letter(3, None),
        letter(4, lacks=("body",)),
        letter(5, headers=came_back),
    ]
    return [*letters, None, LaterLetter(place=Place(0, 6), why="upgrade")], sent


def test_each_letter_is_listed_with_the_status_that_it_is_counted_under() -> None:
    found, sent = one_of_each_status()
    counts = count_letters(found, sent, Selection(), 10)
    assert [status for _, status in counts.latest[::-1]] == list(STATUSES)
    assert counts.by_status == {status: {"missing_field": 1} for status in STATUSES}
    assert (counts.foreign, counts.later, counts.why_later) == (1, 1, "upgrade")


def test_the_listed_ones_keep_neither_values_nor_headers() -> None:
    found, sent = one_of_each_status()
    latest = count_letters(found, sent, Selection(), 10).latest
    assert {(one.value, tuple(one.headers)) for one, _ in latest} == {(None, ())}


def test_only_the_latest_of_a_selection_are_listed_and_all_of_it_counted() -> None:
    found = [
        letter(offset, reason="not_json" if offset % 2 else "wrong_type") for offset in range(9)
    ]
    counts = count_letters(found, Positions(), Selection(reasons=("not_json",), since_ms=3000), 2)
    assert [one.place.offset for one, _ in counts.latest] == [7, 5]
    assert Counter(counts.by_status["pending"]) == {"not_json": 3}
