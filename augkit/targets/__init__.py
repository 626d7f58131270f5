"""Targets: what moves with a picture, one file a kind, and the samples that hold a picture and its targets."""

from augkit.targets.sample import Sample
from augkit.targets.scene import Scene

__all__ = ["Sample", "Scene"]
