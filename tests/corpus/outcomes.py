"""Outcomes of the corpus: run the command line, look at trees, run plans, and tell where two differ.

Only what users know is used, the command line and the public names of `augkit`, so that the same cases run with any
version of the code. The exceptions: where the versions that a job records are found, `VERSIONS`, and what a pipeline
file means that does not say it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

import augkit as ak
import augkit.expand  # all that asks for versions is loaded before they are set
from augkit.cli import main
from augkit.pipeline import pipeline_file
from corpus import pipelines
from corpus.cases import Job
from corpus.sources import Files

# Where the function lies that finds the versions that a job records: in each release, the newest first.
VERSIONS = ("augkit.expand.job.versions", "augkit.expand.layout.versions")

REFERENCE = "reference"  # the executor that defines what a plan means; it is slow
LONGEST_LINE = 300  # of a text that is kept as it is; of a longer one the hash is
DIGITS = 32  # of a hash


def lay(files: Files, folder: Path) -> None:
    """Write files below a folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def command(folder: Path, arguments: str | Sequence[str]) -> int:
    """Run the command line in a folder and return its exit code; not waiting for the disk changes no byte."""
    words = arguments.split(" ") if isinstance(arguments, str) else arguments
    given = [word.replace("\0", " ") for word in words if word]
    with chdir(folder), patch.object(sys, "argv", ["augkit", *given]), patch.object(os, "fsync", lambda _: None):
        try:
            main()
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    return 0


@contextmanager
def meant_as_before() -> Iterator[None]:
    """Let pipeline files mean what they meant before there was a behaviour to state."""
    with patch.object(pipeline_file, "CURRENT", 1):
        yield


@contextmanager
def recorded_as(release: str) -> Iterator[None]:
    """Let augkit's version be recorded as this one, wherever the function that finds versions is used."""
    real = _versions()

    def versions(*arguments: Any, **options: Any) -> dict[str, str]:
        found: dict[str, str] = real(*arguments, **options)
        return found | {"augkit": release}

    _replace(real, versions)
    try:
        yield
    finally:
        _replace(versions, real)


def _versions() -> Callable[..., dict[str, str]]:
    for path in VERSIONS:
        module, _, name = path.rpartition(".")
        try:
            found: Callable[..., dict[str, str]] = getattr(import_module(module), name)
            return found
        except (ImportError, AttributeError):
            continue
    raise LookupError(f"cases.VERSIONS must name where versions are found now, got {VERSIONS}.")


def _replace(old: object, new: object) -> None:
    for module_name, module in list(sys.modules.items()):
        if module_name.partition(".")[0] == "augkit":
            for name in [name for name, value in vars(module).items() if value is old]:
                setattr(module, name, new)


def outcome(job: Job, folder: Path, release: str) -> dict[str, Any]:
    """Run a job and return its exit codes, and every file that it made."""
    lay(job.files(), folder)
    with recorded_as(release), meant_as_before():
        codes = [command(folder, line) for line in job.commands]
    return {"codes": codes, "files": tree(folder, job.made)}


def tree(folder: Path, made: Sequence[str]) -> dict[str, Any]:
    """Return what all files below some folders hold, but for where the sources lay, which differs everywhere.

    Of a text that is its lines, of other files a hash, also of markers, which hold little but hashes of other files.
    """
    paths = [path for name in made for path in [folder / name, *(folder / name).rglob("*")] if path.is_file()]
    names = {path.relative_to(folder).as_posix(): path for path in paths if path.name != "source.txt"}
    return {name: _held(name, path.read_bytes()) for name, path in sorted(names.items(), key=_books_last)}


def _books_last(item: tuple[str, Path]) -> tuple[bool, bool, str]:
    return "/.augkit/" in item[0], _is_marker(item[0]), item[0]


def _is_marker(name: str) -> bool:
    return "/.augkit/shards/" in name or name.endswith("/.augkit/done.json")


def _held(name: str, data: bytes) -> str | list[str]:
    try:
        return digest(data) if _is_marker(name) else data.decode().split("\n")
    except UnicodeDecodeError:
        return digest(data)


def abbreviated(value: Any) -> Any:
    """Return an outcome as it is kept: with hashes of the lines that are long, which `difference` knows."""
    if isinstance(value, dict):
        return {name: abbreviated(part) for name, part in value.items()}
    if isinstance(value, list):
        return [abbreviated(part) for part in value]
    return f"#{digest(value.encode())}" if isinstance(value, str) and len(value) > LONGEST_LINE else value


def digest(data: bytes) -> str:
    """Return the first digits of the SHA-256 of some bytes."""
    return sha256(data).hexdigest()[:DIGITS]


def drawn(name: str, folder: Path) -> ak.Plan:
    """Return the plan that a pipeline draws for the picture that carries everything."""
    sample = pipelines.samples()["full"]
    return pipelines.loaded(name, folder).draw(ak.Key(7, "corpus/a.png", 1, 2), ak.Scene.of(sample))


def shown(plan: ak.Plan, executor: str = "cpu", only: str | None = None) -> dict[str, Any]:
    """Return what a plan makes of every kind of picture, as JSON holds it; or that the picture is refused."""
    found: dict[str, Any] = {}
    for kind, sample in pipelines.samples().items():
        if only in (None, kind):
            try:
                made = ak.run(plan, sample, executor)
            except Exception as error:
                found[kind] = f"refused: {type(error).__name__}"
                continue
            values = {name: told(value) for name, value in pipelines.parts(made).items()}
            found[kind] = values if kind == "full" else values["image"]
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]


def told(value: Any) -> Any:
    """Return a part of a sample as JSON holds it: pictures and masks by their hashes, all else in full."""
    if isinstance(value, np.ndarray) and (value.ndim < 2 or (value.ndim == 2 and value.shape[1] in (2, 4, 5))):
        return {value.dtype.name: value.tolist()}
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape} {digest(np.ascontiguousarray(value).tobytes())}"
    if isinstance(value, Mapping):
        return {name: told(part) for name, part in value.items()}
    return [told(part) for part in value] if isinstance(value, list | tuple) else value


def without_pixels(value: Any, dtypes: tuple[str, ...]) -> Any:
    """Return what `told` made, without the hashes of pictures of some dtypes."""
    if isinstance(value, dict):
        return {name: without_pixels(part, dtypes) for name, part in value.items()}
    if isinstance(value, list):
        return [without_pixels(part, dtypes) for part in value]
    is_one = isinstance(value, str) and value.startswith(tuple(f"{dtype} (" for dtype in dtypes))
    return value.rpartition(" ")[0] if is_one else value


def difference(wanted: Any, found: Any, close: float = 0.0, where: str = "") -> str | None:
    """Return where two trees of JSON differ first, and how, or None; real numbers may be `close`."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name in [*wanted, *(name for name in found if name not in wanted)]:
            if name not in found or name not in wanted:
                return f"{where}{name}: is {'missing' if name in wanted else 'new'}"
            if (inner := difference(wanted[name], found[name], close, f"{where}{name}: ")) is not None:
                return inner
        return None
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        pairs = enumerate(zip(wanted, found, strict=True))
        return next(
            (told for n, pair in pairs if (told := difference(*pair, close, f"{where}[{n}] ")) is not None), None
        )
    if isinstance(wanted, float) and isinstance(found, float) and abs(wanted - found) <= close:
        return None
    if isinstance(wanted, str) and wanted == abbreviated(found):
        return None
    return None if wanted == found and type(wanted) is type(found) else f"{where}was {wanted!r}, is {found!r}"
