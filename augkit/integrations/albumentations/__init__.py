"""Albumentations both ways: its transforms as steps of ours, and a pipeline of ours as a step of its."""

from augkit.integrations.albumentations.inside import as_step
from augkit.integrations.albumentations.reference_pictures import pinned, seen_from
from augkit.integrations.albumentations.registry import check_arguments, motion_of, names, without_derived
from augkit.integrations.albumentations.rehearsal import rehearsed
from augkit.integrations.albumentations.running import Subject, perform

__all__ = [
    "Subject",
    "as_step",
    "check_arguments",
    "motion_of",
    "names",
    "perform",
    "pinned",
    "rehearsed",
    "seen_from",
    "without_derived",
]
