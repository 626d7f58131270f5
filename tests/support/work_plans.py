"""Work plans of any number of pictures that need not exist."""

from __future__ import annotations

from pathlib import Path

from augkit.datasets import DataSet, Source
from augkit.expand import ExpandConfig
from augkit.expand.job import Job
from augkit.expand.work_plan import WorkPlan
from augkit.storage.root import Folder
from support.folders import SMALL


def job_of(copies: int, **options: object) -> Job:
    how = {"source": "/photos", "out": "/out", "pipeline": SMALL, "form": "folder"}
    return Job.of(ExpandConfig.of(copies=copies, **how | options))


def plan_of(count: int, copies: int = 3, **options: object) -> WorkPlan:
    sources = tuple(Source(f"c{n // 1000:04d}/{n:07d}.jpg", 1000 + n, f"c{n // 1000:04d}") for n in range(count))
    data = DataSet("folder", Folder(Path("/photos")), sources)
    classes = tuple(sorted({str(source.label) for source in sources}))
    return WorkPlan(job_of(copies, **options), data, [None] * count, [source.id for source in sources], classes)
