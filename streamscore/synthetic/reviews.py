"""Product reviews like those of the built-in source: composed from phrases, shaped like real ones.

The text says what the rating says, most reviews are verified and have no vote, votes have a heavy
tail, lengths are log-normal, and some reviews occur twice.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from hashlib import blake2b
from importlib import resources
from math import exp, log
from typing import Any, TypeVar

import msgspec
import numpy as np
from msgspec import Struct

from streamscore.synthetic.rhythm import Rhythm, minutes

T = TypeVar("T")

_LETTERS_AND_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_USERS = 200_000
_PRODUCTS = 50_000
# Fitted to public reviews: 21% have a vote; given one, P(votes >= v) = v ** -1.2.
_VOTES_EXPONENT = 1.2
_VOTES_LIMIT = 2_000
_WORDS_LIMIT = 1_500


class Phrases(Struct, frozen=True):
    """The content of `reviews.toml`: shares by rating, and phrases by how pleased they are."""

    verified_share: tuple[float, ...]
    rating_share: tuple[float, ...]
    median_words: tuple[float, ...]
    log_words_deviation: tuple[float, ...]
    sentiment_share: tuple[tuple[float, ...], ...]
    duplicate_share: float
    image_share: float
    line_break_share: float
    entity_share: float
    emoji_share: float
    variant_share: float
    items: tuple[str, ...]
    people: tuple[str, ...]
    colours: tuple[str, ...]
    sizes: tuple[str, ...]
    occasions: tuple[str, ...]
    times: tuple[str, ...]
    numbers: tuple[str, ...]
    emojis: tuple[str, ...]
    rhythm: dict[str, tuple[float, ...]]
    titles: dict[str, tuple[str, ...]]
    sentences: dict[str, tuple[str, ...]]
    spam: dict[str, tuple[str, ...]]
    languages: dict[str, tuple[str, ...]]


@cache
def phrases() -> Phrases:
    """Read the phrases and shares that come with the product."""
    text = (resources.files("streamscore.synthetic") / "reviews.toml").read_bytes()
    return msgspec.toml.decode(text, type=Phrases)


def reviews(start: date, per_day: float, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Yield reviews in the order of their time, without end.

    Parameters
    ----------
    start : date
        The first day, UTC.
    per_day : float
        Mean number a day, above 0.
    rng : numpy.random.Generator
        The source of chance.

    Yields
    ------
    dict
        A record of the source `reviews`.

    Examples
    --------
    >>> first = next(reviews(date(2024, 1, 1), 150, np.random.default_rng(22)))
    >>> first["rating"], first["title"], first["text"]
    (5.0, 'Five Stars', 'My size 9 fits like a glove.')
    """
    writer = _Writer(phrases(), _Chance(rng))
    shares = phrases().rhythm
    rhythm = Rhythm(shares["month"], shares["weekday"], (shares["hour"],) * 7, (1.0,) * 60)
    for block in minutes(rhythm, start, per_day, rng):
        times = np.sort(block * 60_000 + rng.integers(0, 60_000, len(block)))
        for timestamp in times.tolist():
            review = writer.review(timestamp)
            yield review
            if writer.chance.happens(phrases().duplicate_share):
                yield dict(review)


class _Chance:
    """Draws one at a time, from numbers made in bulk."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._left: Iterator[float] = iter(())

    def uniform(self) -> float:
        for number in self._left:
            return number
        self._left = iter(self._rng.random(4096).tolist())
        return next(self._left)

    def happens(self, share: float) -> bool:
        return self.uniform() < share

    def one_of(self, values: Sequence[T]) -> T:
        return values[int(self.uniform() * len(values))]

    def place(self, shares: Sequence[float]) -> int:
        left = self.uniform()
        for place, share in enumerate(shares):
            left -= share
            if left < 0:
                return place
        return len(shares) - 1

    def normal(self) -> float:
        return sum(self.uniform() for _ in range(12)) - 6  # Irwin-Hall: near enough for lengths


class _Writer:
    def __init__(self, known: Phrases, chance: _Chance) -> None:
        self.chance = chance
        self._known = known
        self._sentences = [known.sentences[s] for s in ("positive", "mild", "negative", "neutral")]
        self._words = {
            "item": known.items,
            "person": known.people,
            "colour": known.colours,
            "size": known.sizes,
            "occasion": known.occasions,
            "time": known.times,
            "number": known.numbers,
        }

    def review(self, timestamp: int) -> dict[str, Any]:
        chance, known = self.chance, self._known
        place = chance.place(known.rating_share)
        slots = self._slots()
        text = self._text(place, slots)
        product = int(_PRODUCTS * chance.uniform() ** 2)
        variant = chance.happens(known.variant_share)
        return {
            "rating": place + 1.0,
            "title": self._filled(chance.one_of(known.titles[str(place + 1)]), slots),
            "text": text,
            "images": self._images(),
            "asin": f"B0{_code(product, 8)}",
            "parent_asin": f"B0{_code(product + _PRODUCTS, 8)}"
            if variant
            else f"B0{_code(product, 8)}",
            "user_id": f"AE{_code(int(_USERS * chance.uniform() ** 2), 26)}",
            "timestamp": timestamp,
            "helpful_vote": self._votes(len(text)),
            "verified_purchase": chance.happens(known.verified_share[place]),
        }

    def _text(self, place: int, slots: dict[str, str]) -> str:
        chance, known = self.chance, self._known
        spread = known.log_words_deviation[place] * chance.normal()
        wanted = min(_WORDS_LIMIT, int(exp(log(known.median_words[place]) + spread)))
        words = 0
        sentences: list[str] = []
        shares = known.sentiment_share[place]
        while words < wanted:
            kind = chance.place(shares)
            if not sentences and kind == 3:  # a review opens with an opinion
                continue
            sentence = self._filled(chance.one_of(self._sentences[kind]), slots)
            if sentences[-1:] == [sentence]:
                continue
            words += sentence.count(" ") + 1
            sentences.append(sentence)
        return self._marked(sentences)

    def _marked(self, sentences: list[str]) -> str:
        chance, known = self.chance, self._known
        if len(sentences) > 2 and chance.happens(2 * known.line_break_share):
            sentences[1] = f"{sentences[1]}<br /><br />{sentences.pop(2)}"
        text = " ".join(sentences)
        if chance.happens(known.entity_share):
            text = text.replace(" and ", " &amp; ").replace("'", "&#39;")
        return (
            f"{text} {chance.one_of(known.emojis)}" if chance.happens(known.emoji_share) else text
        )

    def _slots(self) -> dict[str, str]:
        chosen = {name: self.chance.one_of(values) for name, values in self._words.items()}
        chosen["Person"] = chosen["person"].capitalize()
        return chosen

    def _filled(self, template: str, slots: dict[str, str]) -> str:
        return template.format_map(slots) if "{" in template else template

    def _images(self) -> list[dict[str, str]]:
        if not self.chance.happens(self._known.image_share):
            return []
        name = _code(int(self.chance.uniform() * 2**31), 11)
        return [
            {
                "attachment_type": "IMAGE",
                "large_image_url": f"https://images.example/I/{name}.jpg",
                "medium_image_url": f"https://images.example/I/{name}._SL800_.jpg",
                "small_image_url": f"https://images.example/I/{name}._SL256_.jpg",
            }
        ]

    def _votes(self, characters: int) -> int:
        # Longer reviews are found helpful more often: about 12% of the short ones, 40% of the long.
        if not self.chance.happens(0.12 + 0.28 * min(1.0, characters / 400)):
            return 0
        tail = 1.0 - self.chance.uniform()
        return min(_VOTES_LIMIT, int(tail ** (-1 / _VOTES_EXPONENT)))


def _code(number: int, length: int) -> str:
    digest = blake2b(number.to_bytes(8, "big"), digest_size=length).digest()
    return "".join([_LETTERS_AND_DIGITS[byte & 31] for byte in digest])
