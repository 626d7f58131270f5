"""Pipelines: transforms and an executor behind one call, as files, as a schema, and in sentences."""

from augkit.pipeline.pipeline import Pipeline
from augkit.pipeline.pipeline_file import dump, load

__all__ = ["Pipeline", "dump", "load"]
