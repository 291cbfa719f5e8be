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
_REPEATED = 5


def text_kinds(source: Source, history: Sequence[Record] = ()) -> Kinds:
    """Return the kinds that fit the text fields of a source.

    garbled: letters at random, as long as the text was. shouting: capitals. empty: nothing.
    link: an advertised address at the end. other_text: that of another record. repeated_text: one
    of five, told again and again. number_against_text: a number of few values (a rating) is at the
    other end of its scale.

    Parameters
    ----------
    source : Source
        The source.
    history : sequence of dict
        Values by field name, where repeated texts are from.
    """
    texts = source.with_role("text")
    if not texts:
        return {}
    kinds: dict[str, tuple[Change, ...]] = {
        "garbled": _of_each(texts, _garbled),
        "shouting": _of_each(texts, _shouting),
        "empty": _of_each(texts, lambda _before, _rng: ""),
        "link": tuple(_limited(source, name, _linked) for name in texts),
        "other_text": tuple(_other_text(name) for name in texts),
    }
    repeated = {name: _some_long_texts(name, history) for name in texts}
    if any(repeated.values()):
        kinds["repeated_text"] = tuple(texts_of(of, name) for name, of in repeated.items() if of)
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


def _some_long_texts(field: str, history: Sequence[Record]) -> list[str]:
    long = [text for record in history if len(text := record.get(field) or "") >= _LONG_TEXT]
    return long[:: max(1, len(long) // _REPEATED)][:_REPEATED]


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
