"""The extractive rewriter: a consultation out of spans of the source and listed frames, without a model."""

from medsynth.stages.extractive.engine import Draft, Limits, draft

__all__ = ["Draft", "Limits", "draft"]
