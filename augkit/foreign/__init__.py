"""Albumentations both ways: its transforms as steps of ours, and a pipeline of ours as a step of its."""

from augkit.foreign.inside import as_step
from augkit.foreign.pictures import pinned, seen_from
from augkit.foreign.registry import check_arguments, motion_of, names, without_derived
from augkit.foreign.rehearsal import rehearsed
from augkit.foreign.running import Subject, perform

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
