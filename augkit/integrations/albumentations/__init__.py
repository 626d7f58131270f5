"""Albumentations both ways: its transforms as steps of ours, and a pipeline of ours as a step of its.

No other room imports this one: the registers of libraries and of steps do, by the name of the package above.
"""

from augkit.integrations.albumentations.albumentations_step import Albumentations

__all__ = ["Albumentations"]
