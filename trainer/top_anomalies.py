"""The most anomalous records of the history that a model was not fit on, with their reasons."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streamscore.events import iso_utc
from streamscore.scoring import Model
from streamscore.sources import Codec
from trainer.history import History
from trainer.training import JudgedHistory, Training


class TopAnomaly(Struct, frozen=True, kw_only=True):
    """One record of the history.

    Attributes
    ----------
    event_time : str
        When it happened, ISO 8601 in UTC.
    score : float
        Higher is more anomalous.
    reasons : list of (str, float)
        Fields by falling share; the shares sum to 1. The values stay out: some are private. None
        where a detector gives no reasons.
    """

    event_time: str
    score: float
    reasons: list[tuple[str, float]]


def highest_later(judged: JudgedHistory, count: int = 20) -> NDArray[np.int64]:
    """Return the places in the history of the highest scores of the two later slices."""
    later = np.concatenate([judged.calibration_scores, judged.held_out_scores])
    return judged.split.fit + np.argsort(-later, kind="stable")[:count]


def top_without_reasons(history: History, judged: JudgedHistory) -> list[TopAnomaly]:
    """Return the highest of a detector that says nothing but a score."""
    later = np.concatenate([judged.calibration_scores, judged.held_out_scores])
    return [
        TopAnomaly(
            event_time=iso_utc(int(history.utc_ms[place])),
            score=float(later[place - judged.split.fit]),
            reasons=[],
        )
        for place in highest_later(judged)
    ]


def top_anomalies(
    codec: Codec, history: History, training: Training, count: int = 20
) -> list[TopAnomaly]:
    """Return the records of the two later slices that score highest, the highest first.

    Parameters
    ----------
    codec : Codec
        The source's codec.
    history : History
        What the model was trained on.
    training : Training
        The model.
    count : int
        How many, at least 1.
    """
    places = highest_later(training, count)
    model = Model(codec, training.bundle, codec.source.name, "")
    found = model.attribute(
        [history.records[i] for i in places], training.matrix[places], training.channels[places]
    )
    return [
        TopAnomaly(
            event_time=iso_utc(int(history.utc_ms[i])),
            score=float(training.scores[i]),
            reasons=[(reason.fields[0], reason.share) for reason in reasons],
        )
        for i, reasons in zip(places, found, strict=True)
    ]
