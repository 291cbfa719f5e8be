"""The manifest of a bundle as format 1 wrote it: one detector, and fewer kinds of columns."""

from typing import Any

import msgspec
from msgspec import Struct

from streamscore.features import ColumnPlan
from streamscore.features.encoder import Learned


class _Plan(Struct, frozen=True, kw_only=True):
    cycles: bool = True
    text_dimensions: int = 32


class _Learned(Struct, frozen=True, kw_only=True):
    plan: _Plan
    vocabularies: dict[str, list[str | int | bool]]
    centers: dict[str, float]
    scales: dict[str, float]


class _Trained(Struct, frozen=True, kw_only=True):
    first_event_time: str
    last_event_time: str
    fit_rows: int
    calibration_rows: int
    seed: int


class Manifest1(Struct, frozen=True, kw_only=True):
    """The JSON part of a bundle of format 1, its keys in the order that its digest was made of."""

    source: str
    schema_hash: str
    detector: str
    parameters: dict[str, Any]
    encoder: _Learned
    trained: _Trained
    format: int = 1
    digest: str = ""

    def digested(self) -> bytes:
        """Return what the digest was made of, but for the arrays."""
        plain = msgspec.structs.replace(self, digest="")
        return msgspec.json.encode(plain, order="deterministic")

    def learned(self) -> Learned:
        """Return what the encoder learned, as it is kept now."""
        plan = ColumnPlan(
            cycles=self.encoder.plan.cycles, text_dimensions=self.encoder.plan.text_dimensions
        )
        return Learned(
            plan=plan,
            vocabularies=self.encoder.vocabularies,
            centers=self.encoder.centers,
            scales=self.encoder.scales,
        )
