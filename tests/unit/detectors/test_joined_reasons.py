"""What several channels say of a field is joined into few words."""

import pytest

from streamscore.detectors.joined_reasons import Voice, joined
from streamscore.detectors.reasons import Reason


def said(*voices: tuple[float, str], is_enough: bool = False) -> str:
    """What is said of a field by channels of these shares with these words."""
    (found,) = joined(
        Voice(share, is_enough, [Reason(("a",), 1.0, words)]) for share, words in voices
    )
    return found.words


def test_shares_of_the_same_fields_are_added() -> None:
    low, high = Reason(("a",), 0.5, "low"), Reason(("a",), 1.0, "high")
    other = Reason(("b", "c"), 0.5, "other")
    found = joined([Voice(0.2, False, [low, other]), Voice(0.8, False, [high])])
    assert [(one.fields, one.words) for one in found] == [(("a",), "high"), (("b", "c"), "other")]
    assert [one.share for one in found] == pytest.approx([0.9, 0.1])


def test_what_is_about_one_field_is_one_reason_whatever_fields_come_with_it() -> None:
    alone, title = Reason(("a",), 1.0, "a is 1; 9% are"), Reason(("a", "title"), 1.0)
    text = Reason(("a", "text"), 1.0, "a is 1; its text reads like 3")
    (found,) = joined(
        [Voice(0.2, True, [alone]), Voice(0.3, True, [title]), Voice(0.5, True, [text])]
    )
    assert found.fields == ("a", "text", "title")
    assert found.share == pytest.approx(1.0)
    assert found.words == "a is 1; its text reads like 3; 9% are"


def test_two_sentences_are_kept_where_each_has_a_considerable_share() -> None:
    assert said((0.7, "a has a link"), (0.3, "a has digits")) == "a has a link; a has digits"
    assert said((0.9, "a has a link"), (0.1, "a has digits")) == "a has a link"
    three = said((0.4, "a has a link"), (0.3, "a has digits"), (0.3, "a has capitals"))
    assert three == "a has a link; a has digits"


def test_another_trait_that_is_reason_enough_is_told_however_loud_the_first_is() -> None:
    voices = (1.0, "a has 14% capitals"), (0.0, "a has a web address; 99% have none")
    both = "a has 14% capitals; a has a web address; 99% have none"
    assert said(*voices, is_enough=True) == both
    assert said(*voices) == "a has 14% capitals"


def test_a_channel_without_a_share_names_no_field_of_its_own() -> None:
    loud, silent = Reason(("a",), 1.0, "a is 9"), Reason(("b",), 1.0, "b is 3")
    found = joined([Voice(1.0, True, [loud]), Voice(0.0, True, [silent])])
    assert [one.fields for one in found] == [("a",)]


def test_what_was_seen_is_said_once() -> None:
    near, wide = "a is 9; most alike have 1", "a is 9; 98% have 1 to 3"
    assert said((0.6, near), (0.4, wide)) == "a is 9; most alike have 1; 98% have 1 to 3"
    new = "a is 9, never seen"
    assert said((0.6, near), (0.4, new)) == "a is 9, never seen; most alike have 1"
    assert said((0.6, new), (0.4, near)) == "a is 9, never seen; most alike have 1"
    total = "a 9, but its parts sum to 8"
    assert said((0.6, total), (0.4, wide)) == "a 9, but its parts sum to 8; 98% have 1 to 3"
    assert said((0.6, near), (0.4, "a is 90; 98% have 1 to 3")).count("a is") == 2


def test_the_same_words_of_many_columns_are_one_voice() -> None:
    each = [Reason(("a",), 0.1, "the words of a are unusual")] * 6
    longer = Reason(("a",), 0.4, "a has 9 characters")
    (found,) = joined([Voice(1.0, False, [longer, *each])])
    assert found.words == "the words of a are unusual; a has 9 characters"


def test_what_follows_from_fields_that_were_quoted_is_not_said_twice() -> None:
    network = Reason(("a",), 1.0, "a is 1; at b 2 it is 3", ("b", "c"))
    pair, other = (
        Reason(("a",), 1.0, "a 1 and b 2 seldom meet", ("b",)),
        Reason(("a",), 1.0, "a 1 and d 2 seldom meet", ("d",)),
    )
    (found,) = joined([Voice(0.5, True, [network]), Voice(0.5, True, [pair])])
    assert (found.words, found.parents) == (network.words, ("b", "c"))
    (found,) = joined([Voice(0.5, True, [network]), Voice(0.5, True, [other])])
    assert found.words == f"{network.words}; {other.words}"
    assert found.parents == ("b", "c", "d")


def test_words_are_kept_short_and_silence_speaks_for_nobody() -> None:
    long, longer = f"a {'x' * 120}", f"a {'y' * 120}"
    assert said((0.5, long), (0.5, longer)) == long
    assert said((0.9, ""), (0.1, "a is 9")) == "a is 9"
    assert said((1.0, "")) == ""
