"""Pipelines of other libraries as ours: serialised ones of Albumentations, and code lists of torchvision v2."""

from __future__ import annotations

import json
import os
from pathlib import Path

from augkit import yaml_file
from augkit.convert.conversion import Conversion
from augkit.convert.from_albumentations import albumentations_steps
from augkit.convert.from_torchvision import torchvision_steps
from augkit.errors import FileError

__all__ = ["Conversion", "convert"]

MAX_BYTES = 1_000_000


def convert(path: str | os.PathLike[str]) -> Conversion:
    """Translate a file; nothing in it is run.

    Args:
        path: what ``albumentations.save`` wrote (.json, .yaml), or Python source that holds a ``v2.Compose([...])``.

    Raises:
        FileError: it cannot be read, or holds no such pipeline.
    """
    name = os.fspath(path)
    suffix = Path(path).suffix.lower()
    if suffix in (".yaml", ".yml"):
        return albumentations_steps(yaml_file.read(path).data, name)
    text = _text(Path(path))
    if suffix == ".py":
        return torchvision_steps(text, name)
    if suffix != ".json":
        raise FileError("must end in .json, .yaml or .py, got another. Give what albumentations.save wrote.", name)
    try:
        return albumentations_steps(json.loads(text), name)
    except (ValueError, RecursionError) as fault:
        raise FileError(f"must be JSON, got: {fault!s:.80}.", name) from None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise FileError("must be at most 1 MB, got more. Give the pipeline alone.", str(path))
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileError("must be UTF-8, got other bytes. Save the file as UTF-8.", str(path)) from None
    except FileNotFoundError:
        what = "must be a file that exists, got none. Check the spelling and the current folder."
        raise FileError(what, str(path)) from None
    except OSError as fault:
        raise FileError(f"must be a file that can be read, got: {fault.strerror}.", str(path)) from None
