"""How a benchmark ends: a line of JSON with its figures and bars, and 1 where one is missed."""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Bar(NamedTuple):
    """A bar that a figure must reach.

    Attributes
    ----------
    figure : str
        Name of the figure.
    limit : float
        What it must be.
    is_most : bool
        Whether the limit is the most allowed instead of the least.
    """

    figure: str
    limit: float
    is_most: bool = False

    def is_met(self, figures: Mapping[str, float]) -> bool:
        """Say whether the figure reaches the bar; a figure that is not a number never does."""
        value = figures[self.figure]
        return value <= self.limit if self.is_most else value >= self.limit


def conclude(name: str, figures: Mapping[str, float], bars: Sequence[Bar]) -> int:
    """Print the last line of a benchmark.

    Parameters
    ----------
    name : str
        The benchmark.
    figures : mapping of str to float
        What was measured.
    bars : sequence of Bar
        What it must reach.

    Returns
    -------
    int
        The exit code: 0 where every bar is met, 1 otherwise.

    Examples
    --------
    >>> conclude("sum", {"rate": 2.5}, [Bar("rate", 2.0)])
    {"name": "sum", "figures": {"rate": 2.5}, "bars": {"rate": {"least": 2.0, "met": true}}, \
"pass": true}
    0
    """
    passed = all(bar.is_met(figures) for bar in bars)
    judged = {
        bar.figure: {("most" if bar.is_most else "least"): bar.limit, "met": bar.is_met(figures)}
        for bar in bars
    }
    shown = {key: float(f"{value:.6g}") for key, value in figures.items()}
    print(json.dumps({"name": name, "figures": shown, "bars": judged, "pass": passed}))
    return 0 if passed else 1
