"""Names that other libraries give our transforms, so that a reader coming from them is told ours."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from augkit.yaml_file import read


@cache
def elsewhere() -> Mapping[str, str]:
    """Return what each name of another library is called here."""
    found: Mapping[str, str] = read(Path(__file__).with_suffix(".yaml")).data
    return found
