"""Pipelines of other libraries as ours: serialised ones of Albumentations, and code lists of torchvision v2."""

import json
import os
from pathlib import Path

from augkit import yaml_file
from augkit.convert.conversion import Conversion
from augkit.convert.from_albumentations import albumentations_steps
from augkit.convert.from_torchvision import torchvision_steps
from augkit.core.text_files import read_settings
from augkit.errors import FileError

__all__ = ["Conversion", "convert"]


def convert(path: str | os.PathLike[str]) -> Conversion:
    """Translate a file; nothing in it is run.

    Args:
        path: what ``albumentations.save`` wrote (.json, .yaml), or Python source that holds a ``v2.Compose([...])``.

    Raises:
        FileError: it cannot be read, or holds no such pipeline.
    """
    name, suffix = os.fspath(path), Path(path).suffix.lower()
    if suffix in (".yaml", ".yml"):
        return albumentations_steps(yaml_file.read(path).data, name)
    text = read_settings(path)
    if suffix == ".py":
        return torchvision_steps(text, name)
    if suffix != ".json":
        raise FileError("must end in .json, .yaml or .py, got another. Give what albumentations.save wrote.", name)
    try:
        return albumentations_steps(json.loads(text), name)
    except (ValueError, RecursionError) as fault:
        raise FileError(f"must be JSON, got: {fault!s:.80}.", name) from None
