"""The report of a training: one page that needs nothing beside it."""

from __future__ import annotations

from augkit.train.report.report_facts import ReportFacts
from augkit.train.report.report_writing import write

__all__ = ["ReportFacts", "write"]
