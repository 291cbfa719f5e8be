"""Kinds of anomaly in texts, for any source that has some."""

from collections.abc import Callable, Sequence

from streamscore.sources.source import Source
from streamscore.synthetic.kinds import Change, Kinds, Pool, Record, Rng, one_of

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ#%&"
_LINKS = (
    "Cheaper at www.best-offers.example, order now!",
    "Have a look at https://free-gifts.example/win?ref=7731",
    "http://earn-from-home.example/start",
)
_LONGEST_SCALE = 10
_LONG_TEXT = 30


def text_kinds(source: Source) -> Kinds:
    """Return the kinds that fit the text fields of a source.

    garbled: letters at random, as long as the text was. shouting: capitals. empty: nothing.
    link: an advertised address at the end. other_text: that of another record. number_against_text:
    a number of few values (a rating) is at the other end of its scale.

    Parameters
    ----------
    source : Source
        The source.
    """
    texts = [name for name in source.with_role("text") if name in source.fields]
    if not texts:
        return {}
    kinds: dict[str, tuple[Change, ...]] = {
        "garbled": _of_each(texts, _garbled),
        "shouting": _of_each(texts, _shouting),
        "empty": _of_each(texts, lambda _before, _rng: ""),
        "link": tuple(_limited(source, name, _linked) for name in texts),
        "other_text": tuple(_other_text(name) for name in texts),
    }
    numbers = source.with_role("number")
    if numbers:
        kinds["number_against_text"] = tuple(_opposed(name, texts) for name in numbers)
    return kinds


def texts_of(texts: Sequence[str], field: str) -> Change:
    """Return the change of a text field to one of these texts."""

    def change(record: Record, rng: Rng, _pool: Pool) -> bool:
        before = record.get(field)
        record[field] = one_of(texts, rng)
        return bool(record[field] != before)

    return change


def repeated_texts(field: str, history: Sequence[Record], count: int, rng: Rng) -> Change | None:
    """Return the change of a text field to one of a few, told again and again; None without texts.

    Parameters
    ----------
    field : str
        The field.
    history : sequence of dict
        Values by field name, where the texts are from.
    count : int
        How many different texts.
    rng : numpy.random.Generator
        Chooses them.
    """
    long = [text for r in history if len(text := r.get(field) or "") >= _LONG_TEXT]
    return texts_of([one_of(long, rng) for _ in range(count)], field) if long else None


Rewrite = Callable[[str, Rng], str]


def _of_each(fields: Sequence[str], rewrite: Rewrite) -> tuple[Change, ...]:
    return tuple(_rewritten(name, rewrite) for name in fields)


def _rewritten(name: str, rewrite: Rewrite) -> Change:
    def change(record: Record, rng: Rng, _pool: Pool) -> bool:
        before = record.get(name)
        if not before:
            return False
        record[name] = rewrite(before, rng)
        return bool(record[name] != before)

    return change


def _limited(source: Source, name: str, rewrite: Rewrite) -> Change:
    longest = source.fields[name].max_length
    return _rewritten(name, lambda before, rng: rewrite(before, rng)[:longest])


def _garbled(before: str, rng: Rng) -> str:
    return "".join(rng.choice(list(_LETTERS), size=len(before)).tolist())


def _shouting(before: str, _rng: Rng) -> str:
    shouted = before.upper()
    return shouted if len(shouted) == len(before) else before


def _linked(before: str, rng: Rng) -> str:
    return f"{before} {one_of(_LINKS, rng)}"


def _other_text(name: str) -> Change:
    def change(record: Record, rng: Rng, pool: Pool) -> bool:
        text = pool.other(name, record.get(name), rng)
        if not text:
            return False
        record[name] = text
        return True

    return change


def _opposed(name: str, texts: Sequence[str]) -> Change:
    def change(record: Record, _rng: Rng, pool: Pool) -> bool:
        value = record.get(name)
        if value is None or not any(record.get(text) for text in texts):
            return False
        scale = pool.scale(name)
        if not 2 < len(scale) <= _LONGEST_SCALE or value not in (scale[0], scale[-1]):
            return False
        record[name] = scale[0] if value == scale[-1] else scale[-1]
        return True

    return change
