"""Prometheus metrics, built from the declared list, that take a whole batch at once.

The collectors of prometheus_client observe one value at a time, about 3 microseconds each: too
much for three histograms of every record. Here a batch is one ``searchsorted``.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import (
    Metric as Family,
)
from prometheus_client.registry import Collector

from streamscore.metrics import METRICS, Metric


class Counter:
    """A number that only grows, for one set of label values."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self.value = 0.0

    def inc(self, amount: float = 1.0) -> None:
        """Add an amount of at least 0."""
        if not amount >= 0:
            raise ValueError(f"a counter grows by at least 0; received {amount}")
        with self._lock:
            self.value += amount


class Gauge:
    """A number that may go up and down, for one set of label values."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self.value = 0.0

    def set(self, value: float) -> None:
        """Take a value over."""
        with self._lock:
            self.value = float(value)


class Histogram:
    """Counts of values between bounds, for one set of label values.

    Parameters
    ----------
    lock : threading.Lock
        Held while numbers change or are read.
    bounds : Sequence[float]
        Ascending upper bounds, inclusive; what is beyond the last is counted too.

    Attributes
    ----------
    counts : ndarray of shape (n_bounds + 1,), int64
        Values in each interval, the open one last.
    sum : float
        Sum of all values.
    """

    def __init__(self, lock: threading.Lock, bounds: Sequence[float]) -> None:
        self._lock = lock
        self._bounds = np.asarray(bounds, dtype=np.float64)
        self.counts = np.zeros(len(bounds) + 1, dtype=np.int64)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.observe_many(np.array([value], dtype=np.float64))

    def observe_many(self, values: npt.NDArray[np.float64]) -> None:
        """Count the values of a batch.

        Parameters
        ----------
        values : ndarray of shape (n,), float64
            Finite values.
        """
        places = np.searchsorted(self._bounds, values, side="left")
        added = np.bincount(places, minlength=len(self.counts))
        total = float(values.sum())
        with self._lock:
            self.counts += added
            self.sum += total


class Exposition:
    """Every declared metric, in a registry of its own.

    Parameters
    ----------
    metrics : Iterable[Metric]
        The declarations.

    Examples
    --------
    >>> exposition = Exposition()
    >>> exposition.counter("streamscore_records_total", source="accidents").inc(3)
    >>> b'streamscore_records_total{source="accidents"} 3.0' in exposition.render()[0]
    True
    """

    def __init__(self, metrics: Iterable[Metric] = METRICS) -> None:
        self._lock = threading.Lock()
        self._run = ""
        self._mine: set[tuple[str, tuple[str, ...]]] = set()
        self._declared = {metric.name: metric for metric in metrics}
        self._children: dict[str, dict[tuple[str, ...], Any]] = {n: {} for n in self._declared}
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Collector(self))
        ProcessCollector(registry=self._registry)

    def counter(self, name: str, **labels: str | int) -> Counter:
        """Return a counter for some label values; the same one every time.

        Raises
        ------
        ValueError
            When no counter of that name and those labels is declared, or ``reason`` is not in
            its list; from ``gauge`` and ``histogram`` likewise.
        """
        return self._child(name, "counter", labels)  # type: ignore[no-any-return]

    def gauge(self, name: str, **labels: str | int) -> Gauge:
        """Return a gauge for some label values; the same one every time."""
        return self._child(name, "gauge", labels)  # type: ignore[no-any-return]

    def histogram(self, name: str, **labels: str | int) -> Histogram:
        """Return a histogram for some label values; the same one every time."""
        return self._child(name, "histogram", labels)  # type: ignore[no-any-return]

    def forget(self, name: str, **labels: str | int) -> None:
        """Expose the metric no more for some label values, as after a partition is lost."""
        with self._lock:
            self._children[name].pop(self._values(self._declared[name], labels), None)

    def of_run(self, run: str) -> Exposition:
        """Return the same metrics as a run sees them: the label ``run`` holds its name.

        Examples
        --------
        >>> exposition = Exposition()
        >>> june = exposition.of_run("june")
        >>> june.counter("streamscore_records_total", source="a").inc(3)
        >>> b'streamscore_records_total{run="june",source="a"} 3.0' in exposition.render()[0]
        True
        >>> june.withdraw()
        >>> b'"june"' in exposition.render()[0]
        False
        """
        view = copy.copy(self)
        view._run, view._mine = run, set()
        return view

    def withdraw(self) -> None:
        """Expose no more what was asked for here, as when a run is closed."""
        with self._lock:
            for name, values in self._mine:
                self._children[name].pop(values, None)
            self._mine.clear()

    def render(self) -> tuple[bytes, str]:
        """Return the text that Prometheus reads, and its content type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST

    def families(self) -> Iterator[Family]:
        """Return every metric with its present values, as prometheus_client describes them."""
        for name, metric in self._declared.items():
            family = _family(metric)
            with self._lock:
                for values, child in self._children[name].items():
                    _add(family, values, child, metric.buckets)
            yield family

    def _child(self, name: str, kind: str, labels: dict[str, str | int]) -> Any:
        metric = self._declared.get(name)
        if metric is None or metric.kind != kind:
            raise ValueError(f"a {kind} must be declared in streamscore.metrics; received {name!r}")
        values = self._values(metric, labels)
        with self._lock:
            self._mine.add((name, values))
            children = self._children[name]
            if values not in children:
                children[values] = self._made(metric)
            return children[values]

    def _made(self, metric: Metric) -> Counter | Gauge | Histogram:
        if metric.kind == "histogram":
            return Histogram(self._lock, metric.buckets)
        return Counter(self._lock) if metric.kind == "counter" else Gauge(self._lock)

    def _values(self, metric: Metric, given: dict[str, str | int]) -> tuple[str, ...]:
        labels = {"run": self._run, **given} if "run" in metric.labels else given
        if set(labels) != set(metric.labels):
            raise ValueError(
                f"{metric.name} must have the labels {metric.labels}; received {tuple(labels)}"
            )
        if "reason" in labels and labels["reason"] not in metric.reasons:
            raise ValueError(
                f"the reason of {metric.name} must be one of {metric.reasons}; "
                f"received {labels['reason']!r}"
            )
        return tuple(str(labels[label]) for label in metric.labels)


class _Collector(Collector):
    def __init__(self, exposition: Exposition) -> None:
        self._exposition = exposition

    def collect(self) -> Iterator[Family]:
        return self._exposition.families()


def _family(metric: Metric) -> Family:
    kinds: dict[str, Callable[..., Family]] = {
        "counter": CounterMetricFamily,
        "gauge": GaugeMetricFamily,
        "histogram": HistogramMetricFamily,
    }
    return kinds[metric.kind](metric.name, metric.meaning, labels=metric.labels)


def _add(family: Any, values: tuple[str, ...], child: Any, bounds: tuple[float, ...]) -> None:
    known = len(family.samples)
    if isinstance(child, Histogram):
        upper = [*(str(float(bound)) for bound in bounds), "+Inf"]
        counts = list(zip(upper, np.cumsum(child.counts).tolist(), strict=True))
        family.add_metric(values, counts, child.sum)
    else:
        family.add_metric(values, child.value)
    for place in range(known, len(family.samples)):
        sample = family.samples[place]
        # To Prometheus an empty label is none; readers of the text need not know.
        labels = {label: value for label, value in sample.labels.items() if value}
        family.samples[place] = sample._replace(labels=labels)
