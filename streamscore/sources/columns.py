"""The columns of a CSV by the names of fields, whatever their case and blanks."""

from collections import Counter
from collections.abc import Collection, Sequence

from streamscore.errors import SourceError
from streamscore.sources.source import Source


class Columns:
    """The header of a CSV.

    A column has a field's name, or one that differs from it in case, in blanks around it, or in
    blanks where the name has underscores. The exact name comes first; where two inexact ones are
    there, or two fields differ in no more, neither is taken.

    Parameters
    ----------
    names : sequence of str
        The names of the columns, in the order of the file. Those without a name hold nothing.

    Examples
    --------
    >>> Columns(["Crash Date", "damage", ""]).places({"crash_date", "damage"})
    {'damage': 1, 'crash_date': 0}
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._folded = [_folded(name) for name in names]

    def check(self) -> None:
        """Check that no column occurs twice; SourceError where one does."""
        counts = Counter(name for name in self.names if name)
        repeated = sorted(name for name, count in counts.items() if count > 1)
        if repeated:
            raise SourceError(f"a column may occur once; the header repeats {', '.join(repeated)}")

    def places(self, wanted: Collection[str]) -> dict[str, int]:
        """Return the place of each wanted column that is there."""
        places = {name: place for place, name in enumerate(self.names) if name in wanted}
        folded = Counter(_folded(name) for name in wanted)
        inexact: dict[str, list[int]] = {}
        for place, name in enumerate(self._folded):
            if name in folded and self.names[place] not in places:
                inexact.setdefault(name, []).append(place)
        for name in wanted:
            found = inexact.get(_folded(name), [])
            if name not in places and len(found) == folded[_folded(name)] == 1:
                places[name] = found[0]
        return places

    def shown(self) -> str:
        """Return the names for a message."""
        if not any(self.names):
            return "none: is the file empty?"
        few = len(self.names) <= 30
        return ", ".join(self.names) if few else f"{len(self.names)} others"


def fields_of_columns(source: Source) -> dict[str, str]:
    """Return the field that each column of a CSV may hold, by what the column is called.

    A column is called as its field's path or as the field; what lies flat comes first.
    """
    flat = [name for name in source.fields if source.path_of(name) == (name,)]
    columns = {name: name for name in flat}
    for name in source.fields:
        columns.setdefault(".".join(source.path_of(name)), name)
    return {name: name for name in source.fields} | columns


def _folded(name: str) -> str:
    return "_".join(name.split()).casefold()
