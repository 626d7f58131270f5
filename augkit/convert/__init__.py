"""Pipelines of other libraries as ours: of Albumentations, saved or in Python source, and of torchvision in source."""

import ast
import json
import os
from collections.abc import Mapping
from pathlib import Path

from augkit import yaml_file
from augkit.convert.albumentations_source import described
from augkit.convert.conversion import Conversion
from augkit.convert.from_albumentations import albumentations_steps
from augkit.convert.from_torchvision import torchvision_steps
from augkit.convert.python_source import Source, root_of
from augkit.core.text_files import read_settings
from augkit.errors import FileError

__all__ = ["Conversion", "convert"]

_WHOLE = ("Compose", "ReplayCompose")
_ALIASES = {"A", "albumentations", "alb", "albu"}  # where nothing is imported, as in a part of a file


def convert(
    path: str | os.PathLike[str], line: int | None = None, values: Mapping[str, str] | None = None
) -> Conversion:
    """Translate a file; nothing in it is run.

    Args:
        path: what ``albumentations.save`` wrote (.json, .yaml), or Python source that holds a ``Compose([...])`` of
            Albumentations or of torchvision.
        line: of the ``Compose`` that is meant, where source holds several; without it the first.
        values: what names in source stand for that it gives no value itself, as texts: ``{"image_size": "224"}``.

    Raises:
        FileError: it cannot be read, or holds no such pipeline.
    """
    name, suffix = os.fspath(path), Path(path).suffix.lower()
    if suffix in (".yaml", ".yml"):
        return albumentations_steps(yaml_file.read(path).data, name)
    text = read_settings(path)
    if suffix == ".py":
        try:
            return _of_source(Source(text, name, values), name, line)
        except RecursionError:
            raise FileError("must be source that a person wrote, got some that is nested too deeply.", name) from None
    if suffix != ".json":
        raise FileError("must end in .json, .yaml or .py, got another. Give what albumentations.save wrote.", name)
    try:
        return albumentations_steps(json.loads(text), name)
    except (ValueError, RecursionError) as fault:
        raise FileError(f"must be JSON, got: {fault!s:.80}.", name) from None


def _of_source(source: Source, name: str, line: int | None) -> Conversion:
    calls = source.outermost(_WHOLE)
    if not calls:
        raise FileError("must hold a Compose([...]) of Albumentations or torchvision, got none.", name)
    chosen = [call for call in calls if line in (None, call.lineno)]
    if not chosen:
        lines = ", ".join(str(call.lineno) for call in calls)
        raise FileError(f"must hold a Compose in line {line}, got some in {lines}.", name)
    call = chosen[0]
    if _is_albumentations(source, call):
        found = albumentations_steps({"transform": described(source, call)}, name)
    else:
        found = torchvision_steps(source, call, name)
    found.notes += [
        f"line {other.lineno}: another Compose, which is not looked at; convert it by --line {other.lineno}"
        for other in calls
        if other is not call
    ]
    return found


def _is_albumentations(source: Source, call: ast.Call) -> bool:
    """Tell whose Compose it is, by what is imported: some transforms have one name in both, and other defaults."""
    root = root_of(call)
    if root in source.names_of("torchvision"):
        return False
    theirs = source.names_of("albumentations")
    return root in theirs or "*" in theirs or root in _ALIASES
