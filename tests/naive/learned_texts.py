"""What is learned of texts with dictionaries: one character, one word at a time."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from tests.naive.text import fnv1a, lower

_MARKS = {"-": "\u2010\u2011\u2012\u2013\u2014\u2015", "'": "\u2018\u2019\u201a\u201b"}
_MARKS |= {'"': "\u201c\u201d\u201e\u201f", ".": "\u2026"}
_MARKS |= {" ": "".join(chr(code) for code in range(0x2000, 0x200C))}
_PLAIN = {mark: plain for plain, marks in _MARKS.items() for mark in marks}
_PUNCTUATION = ".,!?'-\""
_GOLDEN = 0x9E3779B97F4A7C15


def naive_words(text: str) -> list[str]:
    """Runs of letters, digits and two-byte characters; wider characters are words of their own."""
    kept = re.sub("[\u2000-\u203f]", " ", lower(text))
    return re.findall("[a-z0-9\u0080-\u07ff]+|[\u0800-\U0010ffff]", kept)


def naive_classes(text: str) -> list[str]:
    """The classes of bytes; typographic marks are a typewriter's, spaces in a row are one."""
    found: list[str] = []
    for character in lower(text):
        if "\u2000" <= character <= "\u203f":
            found.append(_class(_PLAIN.get(character, "#")))
        else:
            found += [_class(byte) for byte in character.encode().decode("latin-1")]
    classes: list[str] = []
    for each in found:
        if each != " " or (classes and classes[-1] != " "):
            classes.append(each)
    return classes


def _class(byte: str) -> str:
    code = ord(byte)
    if code >= 0x80:
        return (
            "cont" if code < 0xC0 else "two" if code < 0xE0 else "three" if code < 0xF0 else "four"
        )
    if byte in " \t\n\r":
        return " "
    if byte.isdigit():
        return "0"
    return byte if "a" <= byte <= "z" or byte in _PUNCTUATION else "#"


class NaiveText:
    """Counts over a history of texts."""

    def __init__(self, history: Sequence[str]) -> None:
        self.trigrams: Counter[tuple[str, str, str]] = Counter()
        self.words: Counter[str] = Counter()
        self.texts: Counter[str] = Counter()
        for text in history:
            padded = [" ", " ", *naive_classes(text)]
            self.trigrams.update(zip(padded, padded[1:], padded[2:], strict=False))
            self.words.update(naive_words(text))
            self.texts.update(set(naive_words(text)))
        self.total = sum(self.words.values())

    def bits(self, first: str, second: str, third: str) -> float:
        """-log2 p(third | first, second): each context backed off to the shorter one."""

        def count(*asked: str | None) -> int:
            return sum(
                n
                for seen, n in self.trigrams.items()
                if all(a is None or a == s for a, s in zip(asked, seen, strict=True))
            )

        share = (count(None, None, third) + 1.0) / (self.trigrams.total() + 40)
        share = (count(None, second, third) + 5.0 * share) / (count(None, second, None) + 5.0)
        share = (count(first, second, third) + 5.0 * share) / (count(first, second, None) + 5.0)
        return -math.log2(share)

    def known(self, word: str) -> bool:
        """Whether at least two texts have a word."""
        return self.texts[word] >= 2

    def row(self, text: str) -> list[float]:
        """Surprise, rarity, share of unseen words, longest number, longest run of one word."""
        words, classes = naive_words(text), naive_classes(text)
        padded = [" ", " ", *classes]
        bits = [self.bits(*each) for each in zip(padded, padded[1:], padded[2:], strict=False)]
        rare = [
            math.log2(self.total / self.words[w] if self.known(w) else self.total) for w in words
        ]
        unseen = [float(not self.known(word)) for word in words]
        return [
            _mean(bits),
            _mean(rare),
            _mean(unseen),
            float(_number(classes)),
            float(_run(words)),
            float(max(map(self.address, re.split("[\x00-\x20]", text)))),
        ]

    def address(self, text: str) -> int:
        """3 for what has a scheme or `www.`, 2 for a bare domain with a new word, 1 for another."""
        name = "[a-zA-Z0-9\u0080-\U0010ffff]"
        if re.search(f"://|(?<!{name})[wW]{{3}}[.]", text):
            return 3
        bare = f"[a-zA-Z\u0080-\U0010ffff](?:{name}|-)*[.][a-z]{{2,}}(?!{name})"
        if not re.search(bare, text):
            return 0
        return 1 if all(map(self.known, naive_words(text))) else 2


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def _number(classes: Sequence[str]) -> int:
    """Digits of the longest number; up to two characters may part them, letters may not."""
    written = "".join(
        "0" if c == "0" else "a" if "a" <= c <= "z" and len(c) == 1 else "-" for c in classes
    )
    return max((found.count("0") for found in re.findall("0(?:-{0,2}0)*", written)), default=0)


def _run(words: Sequence[str]) -> int:
    longest = run = 0
    for place, word in enumerate(words):
        run = run + 1 if place and word == words[place - 1] else 1
        longest = max(longest, run)
    return longest


def naive_slots(text: str, slots: int) -> list[int]:
    """Slots of words and of pairs of neighbours."""
    hashes = [fnv1a(word.encode()) for word in naive_words(text)]
    pairs = [
        ((first * _GOLDEN % 2**64) ^ second) * 0x100000001B3 % 2**64
        for first, second in pairwise(hashes)
    ]
    return [
        ((hashed ^ (hashed >> 32)) * _GOLDEN % 2**64 >> 40) % slots for hashed in (*hashes, *pairs)
    ]
