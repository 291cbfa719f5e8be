"""Kinds of anomaly in product reviews."""

from streamscore.synthetic.kinds import Kinds, Pool, Record, Rng, one_of
from streamscore.synthetic.reviews import phrases

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _rating_up(record: Record, _rng: Rng, _pool: Pool) -> bool:
    if record["rating"] > 1 or not record["text"]:
        return False
    record["rating"] = 5.0
    return True


def _rating_down(record: Record, _rng: Rng, _pool: Pool) -> bool:
    if record["rating"] < 5 or not record["text"]:
        return False
    record["rating"] = 1.0
    return True


def _gibberish(record: Record, rng: Rng, _pool: Pool) -> bool:
    record["text"] = " ".join(_letters(int(rng.integers(3, 12)), rng) for _ in range(12))
    return True


def _dup_spam(record: Record, rng: Rng, _pool: Pool) -> bool:
    record["text"] = one_of(phrases().spam["texts"], rng)
    record["rating"] = 5.0
    return True


def _other_language(record: Record, rng: Rng, _pool: Pool) -> bool:
    record["text"] = one_of(phrases().languages["texts"], rng)
    return True


def _promo_url(record: Record, rng: Rng, _pool: Pool) -> bool:
    promotion = one_of(phrases().spam["promotions"], rng)
    word = _letters(int(rng.integers(4, 9)), rng)
    promotion = promotion.format(word=word, number=one_of(phrases().numbers, rng))
    record["text"] = f"{record['text']} {promotion}".strip()
    return True


def _empty(record: Record, _rng: Rng, _pool: Pool) -> bool:
    if not record["text"]:
        return False
    record["text"] = ""
    return True


def _helpful(record: Record, rng: Rng, _pool: Pool) -> bool:
    record["helpful_vote"] = int(rng.integers(300, 5000))
    return True


def _shouting(record: Record, _rng: Rng, _pool: Pool) -> bool:
    if not any(letter.islower() for letter in record["text"]):
        return False
    record["text"] = f"{record['text'].upper().rstrip('.!')}!!!"
    return True


def _letters(length: int, rng: Rng) -> str:
    return "".join(_LETTERS[place] for place in rng.integers(0, 26, length))


REVIEW_KINDS: Kinds = {
    "rating_up": (_rating_up,),
    "rating_down": (_rating_down,),
    "gibberish": (_gibberish,),
    "dup_spam": (_dup_spam,),
    "other_language": (_other_language,),
    "promo_url": (_promo_url,),
    "empty": (_empty,),
    "helpful": (_helpful,),
    "shouting": (_shouting,),
}
"""Name -> variants.

rating_up, rating_down: a text of one star gets five, or the other way round. gibberish: letters at
random. dup_spam: one of five texts that occur again and again. other_language: not English.
promo_url: an advertised address. empty: no text. helpful: 300 to 4,999 votes. shouting: capitals.
"""
