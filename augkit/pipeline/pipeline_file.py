"""Pipelines as YAML files: `load`, `dump`, and the bundled ones.

The keys of a step are class names, their arguments field names. ``chance`` and ``name`` may stand beside a step's name
or among its arguments. A value that is not a mapping is the first argument. An argument that takes a mapping may name
a YAML file that holds it, relative to the pipeline's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, asdict, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from augkit import yaml_file
from augkit.core.sampling import SamplingOptions
from augkit.errors import ArgumentError, FileError, closest
from augkit.pipeline.pipeline import Pipeline
from augkit.transforms import Transform, find
from augkit.transforms.combinators import Maybe
from augkit.transforms.foreign import ForeignStep, foreign
from augkit.yaml_file import Document, NodePath

__all__ = ["BESIDE", "bundled", "described", "dump", "kind_of", "load", "positional"]

YAML_SUFFIXES = (".yaml", ".yml")
BESIDE = ("chance", "name")


@cache
def bundled() -> Mapping[str, Path]:
    """Return the pipelines that come with augkit, by name."""
    package = Path(__file__).parent.parent
    # A wheel carries them inside the package; a checkout has them beside it.
    folder = package / "pipelines" if (package / "pipelines").is_dir() else package.parent / "pipelines"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load(source: str | Path) -> Pipeline:
    """Read a pipeline.

    Args:
        source: a bundled name, or a path to a YAML file.

    Raises:
        FileError: there is no such file, or it is not YAML.
        ArgumentError: a step or an argument is wrong; the sentence gives file, line and nearest name.

    >>> load("six").steps[1]
    Maybe(chance=0.5, step=Mirror())
    """
    if not isinstance(source, str | Path):
        raise ArgumentError(f"must be a name or a path, got {source!r:.60}.", "load")
    text = str(source)
    if text in bundled():
        return _pipeline(yaml_file.read(bundled()[text]))
    path = Path(source)
    if path.suffix not in YAML_SUFFIXES and path.name == text:  # a bare word; write ./word for a file called so
        names = ", ".join(bundled())
        files = [f"{text}{suffix}" for suffix in YAML_SUFFIXES if Path(f"{text}{suffix}").is_file()]
        advice = f" Did you mean {files[0]}?" if files else closest(text, bundled())
        raise FileError(f"no pipeline is called {text!r}.{advice} Bundled are {names}; or give a file.")
    if path.name == text and path.stem in bundled() and not path.exists():
        raise FileError(f"must be a file that exists, got none. Did you mean {path.stem}, which is bundled?", text)
    return _pipeline(yaml_file.read(path))


def dump(pipeline: Pipeline, path: str | Path) -> None:
    """Write a pipeline as YAML; `load` gives the equal pipeline back.

    Raises:
        ArgumentError: it is no pipeline.
        FileError: the file cannot be written.
    """
    if not isinstance(pipeline, Pipeline):
        raise ArgumentError(f"must get a Pipeline and a path, got {type(pipeline).__name__}.", "dump")
    yaml_file.write(_seen_from(Path(path).parent, described(pipeline)), path)


def _seen_from(folder: Path, data: Any) -> Any:
    """Return a pipeline's data with the paths of pictures as a file in a folder writes them."""
    if isinstance(data, list):
        return [_seen_from(folder, item) for item in data]
    if not isinstance(data, dict):
        return data
    return {
        key: found[0].seen_from(str(folder), value) if (found := foreign(key)) else _seen_from(folder, value)
        for key, value in data.items()
    }


def described(pipeline: Pipeline) -> dict[str, Any]:
    """Return a pipeline as the plain data of its file: what is not as by default."""
    policy = _plain(pipeline.policy.given())
    labels = policy.get("mirrored_labels", [])
    if labels and all(isinstance(one, str) for one, _ in labels):  # a key in YAML is text
        policy["mirrored_labels"] = dict(labels)
    return {**policy, "steps": [_step_as_data(step) for step in pipeline.steps]}


def _pipeline(document: Document) -> Pipeline:
    data = document.data
    known = ["steps", *(item.name for item in fields(SamplingOptions))]
    if not isinstance(data, dict):
        rule = "must be a mapping with the key steps"
        raise ArgumentError(f"{rule}, got {data!r:.60}.", document.where())
    for key in data:
        if key not in known:
            advice = closest(key, known) or f" Its keys are {', '.join(known)}."
            raise ArgumentError(f"has no key {key!r}.{advice}", document.where((key,)))
    steps = data.get("steps")
    if not isinstance(steps, list):
        raise ArgumentError(f"must be a list of steps, got {steps!r:.60}.", document.where(("steps",)))
    policy: dict[str, Any] = {key: value for key, value in data.items() if key != "steps"}
    built = [_step(document, ("steps", index)) for index in range(len(steps))]
    try:
        return Pipeline(built, **policy)
    except ArgumentError as error:
        key = error.where.removeprefix("Pipeline.")
        raise ArgumentError(error.message, document.where((key,))) from None


def _at(document: Document, path: NodePath) -> Any:
    node = document.data
    for part in path:
        node = node[part]
    return node


def _step(document: Document, path: NodePath) -> Transform:
    """Build the transform that the node at `path` describes."""
    node = _at(document, path)
    if isinstance(node, str):
        node = {node: None}
    if not isinstance(node, dict):
        raise ArgumentError(f"must be a transform's name with its arguments, got {node!r:.60}.", document.where(path))
    beside = {key: value for key, value in node.items() if key in BESIDE}
    names = [key for key in node if key not in BESIDE]
    if len(names) != 1:
        raise ArgumentError(f"must name one transform, got {names}. Begin every step with '- '.", document.where(path))
    (name,) = names
    try:
        other = foreign(name)
        if other is None:
            cls = find(name)
            arguments, own = _arguments(document, (*path, name), cls, node[name]), {i.name for i in positional(cls)}
        else:
            arguments, own = _params(node[name], name), set()
        for key in BESIDE:
            if key in arguments and key not in own:
                if key in beside:
                    raise ArgumentError(f"must be given once, got {key} twice.", name)
                beside[key] = arguments.pop(key)
        if other is not None:
            library, transform = other
            step: Transform = library.written(transform, arguments, str(Path(document.name).parent), beside.get("name"))
        else:
            step = cls(**arguments, **{key: beside[key] for key in ("name",) if key in beside})
        return _perhaps(step, beside, name)
    except ArgumentError as error:
        raise _placed(error, document, path, name) from None


def _perhaps(step: Transform, beside: dict[str, Any], name: str) -> Transform:
    if "chance" not in beside:
        return step
    try:
        return Maybe(beside["chance"], step)
    except ArgumentError as error:
        raise ArgumentError(error.message, f"{name}.chance") from None


def _placed(error: ArgumentError, document: Document, path: NodePath, name: str) -> ArgumentError:
    """Return the error with file, line and place, unless an inner step has told them already."""
    if error.where.startswith(document.name):
        return error
    owner, _, rest = error.where.partition(".")
    where = document.where(path)
    if owner == name and rest:
        line = document.line((*path, name, rest.split(".")[0].split("[")[0]))
        where = f"{document.name}:{line} {where.partition(' ')[2]}"
    return error.at(where)


def _arguments(document: Document, path: NodePath, cls: type[Transform], given: Any) -> dict[str, Any]:
    unnamed = positional(cls)
    if given is None:
        return {}
    if not isinstance(given, dict):
        if not unnamed:
            raise ArgumentError(f"takes no arguments, got {given!r:.60}.", cls.__name__)
        return {unnamed[0].name: _argument(document, path, cls, unnamed[0].name)}
    return {key: _argument(document, (*path, key), cls, key) for key in given}


def _params(given: Any, name: str) -> dict[str, Any]:
    if given is not None and not isinstance(given, dict):
        raise ArgumentError(f"must have its arguments by name, got {given!r:.60}.", name)
    return dict(given or {})


def _argument(document: Document, path: NodePath, cls: type[Transform], key: str) -> Any:
    """Return one argument's value, built where it holds steps, read where it names a file."""
    value = _at(document, path)
    kind = kind_of(cls, key)
    if kind == "step":
        return _step(document, path)
    if kind == "steps":
        if not isinstance(value, list):
            raise ArgumentError(f"must be a list of steps, got {value!r:.60}.", f"{cls.__name__}.{key}")
        return [_step(document, (*path, index)) for index in range(len(value))]
    if kind == "mapping" and isinstance(value, str) and value.endswith(YAML_SUFFIXES):
        try:
            return yaml_file.read(Path(document.name).parent / value).data
        except FileError as error:
            raise error.at(document.where(path)) from None
    return value


def kind_of(cls: type[Transform], key: str) -> str:
    """Tell what an argument holds: a ``step``, ``steps``, a ``mapping`` (perhaps), or a plain ``value``."""
    known: dict[str, Any] = cls.__pydantic_fields__  # type: ignore[attr-defined]  # pydantic's, on every transform
    if key not in known:
        return "value"
    annotation = known[key].annotation
    if annotation is Transform:
        return "step"
    parts = [get_args(part)[0] if get_origin(part) is Annotated else part for part in get_args(annotation)]
    if Transform in parts:
        return "steps"
    return "mapping" if any(is_dataclass(part) for part in (annotation, *parts)) else "value"


def positional(cls: type[Transform]) -> list[Field[Any]]:
    """Return the arguments of a transform that need no name: the first may stand alone in YAML."""
    return [item for item in fields(cls) if not item.kw_only]


def _step_as_data(step: Transform) -> Any:
    """Return a step as plain data: what is not as by default, chance beside its step."""
    if isinstance(step, Maybe) and step.name is None and not isinstance(step.step, Maybe):
        inner = _step_as_data(step.step)
        name, arguments = (inner, {}) if isinstance(inner, str) else next(iter(inner.items()))
        return {name: arguments | {"chance": step.chance}}
    if isinstance(step, ForeignStep):
        given = step.arguments | ({"name": step.name} if step.name else {})
        return {step.called: given} if given else step.called
    given = _plain(step.given())
    return {type(step).__name__: given} if given else type(step).__name__


def _plain(value: Any) -> Any:
    if isinstance(value, Transform):
        return _step_as_data(value)
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value
