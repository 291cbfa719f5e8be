"""A combination: channels weighed against each other by how seldom they speak.

The record's score is the harmonic mean of the channels' p-values, each weighed by its channel's
share of the alarm budget (`weighing`). A handful of weak channels that are blind in different
places beats one strong score, and one channel that is sure is enough.

One channel alone needs no tail: its score is passed on as it is.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streamscore.detectors.detector import Detector, Matrix, Memory
from streamscore.detectors.joined_reasons import Voice, joined
from streamscore.detectors.names import detector_named
from streamscore.detectors.reasons import Reason, Terms, Wording
from streamscore.detectors.tail import Tail, restored_tail
from streamscore.detectors.weighing import Weighing
from streamscore.errors import BundleError, UsageError

_SMALLEST_SHARE = 0.01
"""Channels that bring less than this share of a score do not say why."""

_ENOUGH = 100.0
"""A channel whose weighed rarity is as high would by itself make a record one in so many."""


class Described(Struct, frozen=True, kw_only=True):
    """One detector of a combination, as the manifest of a bundle has it."""

    detector: str
    parameters: dict[str, Any]


class Member:
    """One detector of a combination, the columns it is given, and its channels' weights and tails.

    Parameters
    ----------
    detector : Detector
        The detector.
    places : int64 array of shape (m,), or None
        Places of its columns in the whole row; None where it is given all of them.
    weights : float64 array of shape (channels,)
        Each channel's share of the alarm budget, above 0; they sum to 1 over all members.
    tails : sequence of Tail
        One a channel; none where the detector's only channel is passed on as it is.

    Attributes
    ----------
    key : bytes
        The same for members that are given the same columns.
    """

    def __init__(
        self,
        detector: Detector,
        places: NDArray[np.int64] | None,
        weights: NDArray[np.float64],
        tails: Sequence[Tail],
    ) -> None:
        self.detector = detector
        self.places = None if places is None else np.ascontiguousarray(places, np.int64)
        self._is_first = places is None or np.array_equal(places, np.arange(len(places)))
        self.key = b"" if self.places is None else self.places.tobytes()
        self.weights = np.ascontiguousarray(weights, np.float64)
        self.tails = list(tails)

    def rows(self, matrix: Matrix) -> Matrix:
        """Return the member's own columns of some rows."""
        if self.places is None or (self._is_first and len(self.places) == matrix.shape[1]):
            return matrix
        return np.take(matrix, self.places, axis=1)

    def terms(self, whole: Terms) -> Terms:
        """Return the terms of the member's own columns."""
        return whole if self.places is None else whole.chosen(self.places.tolist())

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all that was learned, for the bundle."""
        found: dict[str, NDArray[Any]] = {"weights": self.weights}
        found |= {} if self.places is None else {"places": self.places}
        found |= {f"learned.{name}": array for name, array in self.detector.arrays().items()}
        for i, tail in enumerate(self.tails):
            found |= {f"tail{i}.{name}": np.asarray(v) for name, v in tail._asdict().items()}
        return found

    @classmethod
    def restore(cls, described: Described, arrays: Mapping[str, NDArray[Any]]) -> "Member":
        """Rebuild a member from a bundle; raises as its detector does."""
        kind = detector_named(described.detector)
        detector = kind.restore(under(arrays, "learned."), described.parameters)
        tails: list[Tail] = []
        while own := under(arrays, f"tail{len(tails)}."):
            tails.append(restored_tail(own))
        count, weights = len(detector.channels), arrays["weights"]
        if weights.shape != (count,) or len(tails) not in {0, count} or not (weights > 0.0).all():
            raise BundleError(
                f"{detector.name} has {count} channels, each with a weight above 0 and a tail; "
                f"got weights {weights} and {len(tails)} tails"
            )
        places = arrays.get("places")
        if places is not None and (
            places.ndim != 1 or places.dtype.kind != "i" or np.any(np.diff(places, prepend=-1) <= 0)
        ):
            raise BundleError(f"{detector.name} is given ascending columns from 0 on; got {places}")
        return cls(detector, places, weights, tails)


class MemberChannel(NamedTuple):
    """One score of a combination: whose it is, and which of that detector's scores."""

    member: Member
    number: int

    @property
    def name(self) -> str:
        """The detector's name, and the channel's where it has several."""
        detector = self.member.detector
        if len(detector.channels) == 1:
            return detector.name
        return f"{detector.name}.{detector.channels[self.number].name}"


class Combination:
    """Several detectors as one.

    Parameters
    ----------
    members : sequence of Member
        At least one.

    Attributes
    ----------
    channels : tuple of MemberChannel
        All scores that are weighed, in the order of the arrays.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = list(members)
        self.channels = tuple(
            MemberChannel(member, number)
            for member in self.members
            for number in range(len(member.detector.channels))
        )
        tails = [tail for member in self.members for tail in member.tails]
        weights = np.concatenate([member.weights for member in self.members])
        self._weighing = Weighing(tails, weights) if tails else None

    @classmethod
    def restore(
        cls, described: Sequence[Described], arrays: Mapping[str, NDArray[Any]]
    ) -> "Combination":
        """Rebuild a combination from a bundle; raises as its detectors do."""
        return cls([Member.restore(one, under(arrays, f"{i}.")) for i, one in enumerate(described)])

    @classmethod
    def of_one(cls, detector: Detector) -> "Combination":
        """Return a combination of one detector of one channel, given all columns of the rows."""
        return cls([Member(detector, None, np.ones(1), ())])

    @property
    def stateless_channels(self) -> list[int]:
        """The channels of detectors that remember nothing, by their places."""
        return [i for i, one in enumerate(self.channels) if not one.member.detector.has_memory]

    def stateless(self) -> "Combination":
        """Leave out the detectors that remember; the others share the weight of those.

        Raises
        ------
        UsageError
            When none is left.
        """
        kept = [one for one in self.members if not one.detector.has_memory]
        if not kept:
            names = ", ".join(one.detector.name for one in self.members)
            raise UsageError(
                "scoring without a state needs a detector that looks at each record alone; this "
                f"model has {names}, which compare records with earlier ones. Score it with them"
            )
        total = float(sum(one.weights.sum() for one in kept))
        return Combination(
            [Member(one.detector, one.places, one.weights / total, one.tails) for one in kept]
        )

    def described(self) -> list[Described]:
        """Return the detectors and their parameters, for the manifest."""
        return [
            Described(detector=one.detector.name, parameters=one.detector.parameters())
            for one in self.members
        ]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what the members learned, under their numbers."""
        return {
            f"{i}.{name}": array
            for i, member in enumerate(self.members)
            for name, array in member.arrays().items()
        }

    def begin(self) -> Memory:
        """Return the memory of a partition of which no record was seen."""
        return {
            f"{i}.{name}": array
            for i, member in enumerate(self.members)
            for name, array in member.detector.begin().items()
        }

    def fold(self, matrix: Matrix, memory: Memory) -> NDArray[np.float64]:
        """Score rows in every channel, in their order: float64 of shape (n, channels)."""
        found = []
        chosen: dict[bytes, Matrix] = {}
        for i, member in enumerate(self.members):
            if member.key not in chosen:
                chosen[member.key] = member.rows(matrix)
            found.append(member.detector.fold(chosen[member.key], under(memory, f"{i}.")))
        return found[0] if len(found) == 1 else np.hstack(found)

    def score(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weigh the channels' scores of rows: float64 of shape (n,), higher is more anomalous."""
        return scores[:, 0].copy() if self._weighing is None else self._weighing.score(scores)

    def shares(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return each channel's share of each score: of shape (n, channels), rows sum to 1."""
        return self._weighed(scores)[0]

    def _weighed(
        self, scores: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the shares, and which channels would make a record abnormal alone."""
        if self._weighing is None:
            return np.ones(scores.shape), np.ones(scores.shape, np.bool_)
        parts = self._weighing.parts(scores)
        shares = self._weighing.surplus(parts)
        shares[shares < _SMALLEST_SHARE * shares.sum(axis=1, keepdims=True)] = 0.0
        return shares / shares.sum(axis=1, keepdims=True), parts >= _ENOUGH

    def reasons(
        self, matrix: Matrix, scores: NDArray[np.float64], wordings: Sequence[Wording]
    ) -> list[list[Reason]]:
        """Say why rows are abnormal.

        Parameters
        ----------
        matrix : float64 array of shape (n, d)
            The rows.
        scores : float64 array of shape (n, channels)
            Their scores, as `fold` gave them.
        wordings : sequence of Wording, of length n
            Turn columns and codes into words; their terms are the same.

        Returns
        -------
        list of lists of Reason
            For each row by falling share; the shares sum to 1.
        """
        voices: list[list[Voice]] = [[] for _ in wordings]
        shares, is_enough = self._weighed(scores)
        shares = self._told(shares, np.add)
        is_enough = self._told(is_enough, np.logical_or)
        for i, (member, number) in enumerate(self.channels):
            spoken = np.flatnonzero((shares[:, i] > 0.0) | is_enough[:, i])
            if not len(spoken):
                continue
            places = spoken.tolist()
            terms = member.terms(wordings[0].terms)
            own = [wordings[place].of(terms) for place in places]
            rows = member.rows(matrix[spoken])
            found = member.detector.reasons(rows, number, scores[spoken, i], own)
            for place, reasons in zip(places, found, strict=True):
                own_voice = float(shares[place, i]), bool(is_enough[place, i])
                voices[place].append(Voice(*own_voice, reasons))
        return [joined(one) for one in voices]

    def _told(self, values: NDArray[Any], put_together: np.ufunc) -> NDArray[Any]:
        """Give what channels have that another one speaks for to that one."""
        told = values.copy()
        for i, (member, number) in enumerate(self.channels):
            speaker = member.detector.channels[number].told_by
            if speaker is not None:
                one = told[:, i - number + speaker]
                put_together(one, told[:, i], out=one)
                told[:, i] = 0
        return told

    def warm_up(
        self, rows: Matrix, scores: NDArray[np.float64], wordings: Sequence[Wording]
    ) -> None:
        """Run once what only flagged rows run, so that no record waits for a compiler."""
        for i, (member, number) in enumerate(self.channels):
            own, terms = member.rows(rows), member.terms(wordings[0].terms)
            spoken = [wording.of(terms) for wording in wordings]
            member.detector.reasons(own, number, scores[:, i], spoken)
        self.score(scores)


def under(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """Return the arrays whose names begin with a prefix, without it.

    Examples
    --------
    >>> sorted(under({"0.a": np.zeros(1), "1.a": np.zeros(1)}, "0."))
    ['a']
    """
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
