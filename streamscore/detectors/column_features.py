"""Column features: what a design made of each column, so that points can be read back."""

from typing import NamedTuple

from streamscore.detectors.design import ABSENT, RAW, SAME, UNLIKE, VALUE, Design


class ColumnFeatures(NamedTuple):
    """The features of one column, by their places; None where it has no such feature.

    Attributes
    ----------
    number : int or None
        Its scaled number.
    absent : int or None
        The feature that says whether a number is missing.
    raw : int or None
        Its value as it is.
    values : tuple of (int, float)
        The features that say whether it is a certain value, and these values.
    always : float or None
        The only value that history has.
    center, scale : float
        What was subtracted from the number, and what the difference was multiplied with.
    """

    number: int | None = None
    absent: int | None = None
    raw: int | None = None
    values: tuple[tuple[int, float], ...] = ()
    always: float | None = None
    center: float = 0.0
    scale: float = 1.0

    def number_of(self, scaled: float) -> float:
        """Return the number that a scaled one was made of."""
        return self.center + scaled / self.scale


NO_FEATURES = ColumnFeatures()


def features_by_column(design: Design) -> dict[int, ColumnFeatures]:
    """Return the features of each column that has some."""
    found: dict[int, ColumnFeatures] = {}
    features = zip(*(array.tolist() for array in design[2:]), strict=True)
    for place, (column, kind, center, scale) in enumerate(features):
        own = found.get(column, NO_FEATURES)
        if kind == VALUE:
            own = own._replace(number=place, center=center, scale=scale)
        elif kind == ABSENT:
            own = own._replace(absent=place)
        elif kind == RAW:
            own = own._replace(raw=place)
        elif kind == SAME:
            own = own._replace(values=(*own.values, (place, center)))
        elif kind == UNLIKE:
            own = own._replace(always=center)
        found[column] = own
    return found
