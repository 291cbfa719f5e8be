"""Recognition: which spelling a file has, from its first rows.

Each row is a vote for the spellings that read its event time; of these, for those that lack the
fewest fields. The source's own spelling is taken at once where it has a vote of the first row that
any has. Otherwise most votes win. Of several with as many the first is taken that cannot read any
time otherwise than the rest; where there is none, the file is ambiguous and the user has to say.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from streamscore.errors import AmbiguityError
from streamscore.sources.faults import RecordFault
from streamscore.sources.source import Source
from streamscore.sources.spellings import Spelling
from streamscore.sources.time_spellings import SpelledTime, SpelledTimes, text_read_twice

ENOUGH_ROWS = 1_000
"""So many rows are looked at where more than one spelling comes into question."""

MOST_ROWS = 10_000
"""Up to so many where they do not tell."""

MOST_BYTES = 16_000_000
"""How much of a file is looked at, at most."""


class Seen(NamedTuple):
    """What a spelling finds in a row.

    Attributes
    ----------
    time : object
        The event time's value; None where there is none.
    lacks : int
        How many needed fields the row lacks.
    """

    time: object
    lacks: int = 0


class Recognition:
    """Finds out how a file is spelled. It changes with each row.

    Parameters
    ----------
    source : Source
        The source.
    spellings : sequence of Spelling
        Those that come into question, at least one; the source's own before the others.

    Examples
    --------
    >>> from streamscore.sources import load_source
    >>> from streamscore.sources.spellings import spellings_of
    >>> accidents = load_source("accidents")
    >>> recognition = Recognition(accidents, spellings_of(accidents, "csv"))
    >>> recognition.see({name: Seen("2019-03-25T14:43:00.000") for name in recognition.names})
    >>> recognition.chosen("a.csv").name
    'city'
    """

    def __init__(self, source: Source, spellings: Sequence[Spelling]) -> None:
        self._source = source
        self._spellings = tuple(spellings)
        kind = source.fields[source.event_time.field].type
        self._times = {
            one.name: SpelledTimes(source.event_time, kind, one.formats) for one in spellings
        }
        self._rows = 0
        self._votes: Counter[str] = Counter()
        self._read_twice: dict[tuple[str, str], object] = {}
        self._would_read_twice: dict[tuple[str, str], str | None] = {}

    @property
    def is_decided(self) -> bool:
        """Whether more rows would not change what is chosen."""
        if len(self._spellings) == 1 or self._rows >= MOST_ROWS:
            return True
        return self._rows >= ENOUGH_ROWS and self._settled() is not None

    @property
    def names(self) -> tuple[str, ...]:
        """The spellings that still come into question."""
        return tuple(one.name for one in self._spellings)

    def see(self, found: Mapping[str, Seen]) -> None:
        """Look at one row.

        Parameters
        ----------
        found : mapping of str to Seen
            Spelling -> what it finds in the row.
        """
        self._rows += 1
        seen_by = [(one, found[one.name]) for one in self._spellings]
        read = [(one, seen, self._read(one, seen)) for one, seen in seen_by]
        readers = [(one, seen.lacks, time) for one, seen, time in read if time is not None]
        least = min((lacks for _, lacks, _ in readers), default=0)
        nearest = [(one, time) for one, lacks, time in readers if lacks == least]
        if nearest and nearest[0][0].is_canonical and not self._votes:
            self._spellings = (nearest[0][0],)
        self._votes.update(one.name for one, _ in nearest)
        for (one, time), (other, other_time) in combinations(nearest, 2):
            if time.instant != other_time.instant:
                self._read_twice.setdefault((one.name, other.name), found[one.name].time)

    def chosen(self, file_name: str) -> Spelling:
        """Return the spelling of the file, whose name is for the message.

        Raises
        ------
        AmbiguityError
            When several are left that read times differently.
        """
        leaders = self._leaders()
        settled = self._settled()
        if settled is not None or not self._rows:
            return settled or leaders[0]
        names = [one.name for one in leaders]
        clash = next(iter(self._clashes(leaders).values()))
        raise AmbiguityError(
            f"{file_name} may be written in the dialects {', '.join(names)} of source "
            f"{self._source.name}, which read {clash!r} as different times. "
            f"Say which one it is, such as --dialect {names[0]}"
        )

    def _settled(self) -> Spelling | None:
        """Return the leader that no other contradicts; None where there is none."""
        leaders = self._leaders()
        if len(leaders) == 1 or leaders[0].is_canonical:
            return leaders[0]
        clashing = {name for pair in self._clashes(leaders) for name in pair}
        return next((one for one in leaders if one.name not in clashing), None)

    def _leaders(self) -> list[Spelling]:
        most = max(self._votes[one.name] for one in self._spellings)
        return [one for one in self._spellings if self._votes[one.name] == most]

    def _read(self, spelling: Spelling, seen: Seen) -> SpelledTime | None:
        try:
            return self._times[spelling.name].read(seen.time)
        except RecordFault:
            return None

    def _clashes(self, leaders: Sequence[Spelling]) -> dict[tuple[str, str], object]:
        """Return the pairs that read, or would read, a time differently, with that time."""
        found = {}
        for one, other in combinations(leaders, 2):
            pair = (one.name, other.name)
            if pair not in self._read_twice and pair not in self._would_read_twice:
                texts = (text_read_twice(a, b) for a in one.formats for b in other.formats)
                self._would_read_twice[pair] = next((text for text in texts if text), None)
            clash = self._read_twice.get(pair, self._would_read_twice.get(pair))
            if clash is not None:
                found[pair] = clash
        return found
