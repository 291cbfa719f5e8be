"""Inference: the description of a stream, drafted from a sample of a file for a person to check."""

from streamscore.sources.inference.drafting import Draft, InferencePlan, infer_source

__all__ = ["Draft", "InferencePlan", "infer_source"]
