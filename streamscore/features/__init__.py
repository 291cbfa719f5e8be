"""Features: from records to the numbers a detector reads, fit once and frozen in the bundle."""

from streamscore.features.columns import Column, ColumnPlan, plan_columns
from streamscore.features.encoder import Encoder

__all__ = ["Column", "ColumnPlan", "Encoder", "plan_columns"]
