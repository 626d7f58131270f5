"""Pipelines as YAML files: `load`, `dump`, and the bundled ones.

The keys of a step are class names, their arguments field names. ``chance`` and ``name`` may stand beside a step's name
or among its arguments. A value that is not a mapping is the first argument. An argument that takes a mapping may name
a YAML file that holds it, relative to the pipeline's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from augkit import yaml_file
from augkit.core.arrays import Json, JsonObject
from augkit.core.sampling import CURRENT, SamplingOptions
from augkit.errors import ArgumentError, FileError, closest
from augkit.pipeline.pipeline import Pipeline
from augkit.transforms import Transform, find
from augkit.transforms.combinators import Maybe
from augkit.transforms.finding import ForeignStep, foreign
from augkit.yaml_file import Document, NodePath

YAML_SUFFIXES = (".yaml", ".yml")
MOST_STEPS = 1_000
BESIDE = ("chance", "name")  # what may stand beside a step's name


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
    text, path = str(source), Path(source)
    if text in bundled():
        return _pipeline(yaml_file.read(bundled()[text]))
    if path.suffix not in YAML_SUFFIXES and path.name == text:  # a bare word; write ./word for a file called so
        files = [f"{text}{suffix}" for suffix in YAML_SUFFIXES if Path(f"{text}{suffix}").is_file()]
        advice = f" Did you mean {files[0]}?" if files else closest(text, bundled())
        raise FileError(f"no pipeline is called {text!r}.{advice} Bundled are {', '.join(bundled())}; or give a file.")
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
    told = {"behaviour": pipeline.policy.behaviour} | described(pipeline)
    yaml_file.write(_seen_from(str(Path(path).parent), told), path)


def described(pipeline: Pipeline) -> JsonObject:
    """Return a pipeline as books hold it, plain data: what is not as by default.

    Of behaviour 1 nothing is said, as nothing was while there was no other.
    """
    policy = _plain(pipeline.policy.given())
    policy.pop("behaviour", None)
    if pipeline.policy.behaviour > 1:
        policy = {"behaviour": pipeline.policy.behaviour, **policy}
    labels = policy.get("mirrored_labels", [])
    if labels and all(isinstance(one, str) for one, _ in labels):  # a key in YAML is text
        policy["mirrored_labels"] = dict(labels)
    return {**policy, "steps": _plain(pipeline.steps)}


def identified(pipeline: Pipeline) -> JsonObject:
    """Return a pipeline as `described` does, of which files are named by their content, wherever they lie.

    Raises:
        FileError: one is not there.
    """
    found: JsonObject = _by_foreign(described(pipeline), lambda library, given: library.identified(given))
    return found


def files_of(pipeline: Pipeline) -> dict[str, str]:
    """Return the absolute paths of the files that steps of a pipeline name, by the SHA-256 of their content.

    Raises:
        FileError: one is not there.
    """
    found: dict[str, str] = {}

    def note(library: type[ForeignStep], given: JsonObject) -> Json:
        found.update(library.files(given))
        return given

    _by_foreign(described(pipeline), note)
    return found


def positional(cls: type[Transform]) -> list[str]:
    """Return the arguments of a transform that need no name: the first may stand alone in YAML."""
    return [item.name for item in fields(cls) if not item.kw_only]


def kind_of(cls: type[Transform], argument: str) -> Literal["step", "steps", "mapping", "value"]:
    """Tell what an argument holds; a ``mapping`` may be named by its file."""
    known: Mapping[str, FieldInfo] = cls.__pydantic_fields__  # type: ignore[attr-defined]  # on every transform
    annotation = known[argument].annotation if argument in known else None
    parts = [get_args(part)[0] if get_origin(part) is Annotated else part for part in get_args(annotation)]
    if Transform in (annotation, *parts):
        return "step" if annotation is Transform else "steps"
    return "mapping" if any(map(is_dataclass, (annotation, *parts))) else "value"


@dataclass(frozen=True)
class _Node:
    """A part of a pipeline's document."""

    document: Document
    path: NodePath = ()

    @property
    def value(self) -> Json:
        found = self.document.data
        for part in self.path:
            found = found[part]
        return found

    @property
    def where(self) -> str:
        return self.document.where(self.path)

    @property
    def folder(self) -> Path:
        return Path(self.document.name).parent

    def at(self, *parts: str | int) -> _Node:
        return _Node(self.document, (*self.path, *parts))

    def items(self) -> list[_Node]:
        return [self.at(index) for index in range(len(self.value))]


def _pipeline(document: Document) -> Pipeline:
    top, known = _Node(document), ["steps", *(item.name for item in fields(SamplingOptions))]
    if not isinstance(top.value, dict):
        raise ArgumentError(f"must be a mapping with the key steps, got {top.value!r:.60}.", top.where)
    for key in top.value:
        if key not in known:
            advice = closest(key, known) or f" Its keys are {', '.join(known)}."
            raise ArgumentError(f"has no key {key!r}.{advice}", top.at(key).where)
    steps = top.value.get("steps")
    if not isinstance(steps, list):
        raise ArgumentError(f"must be a list of steps, got {steps!r:.60}.", top.at("steps").where)
    if len(steps) > MOST_STEPS:
        raise ArgumentError(f"must be at most {MOST_STEPS:,} steps, got {len(steps):,}.", top.at("steps").where)
    built = [_step(node) for node in top.at("steps").items()]
    try:
        policy = {"behaviour": CURRENT} | {key: value for key, value in top.value.items() if key != "steps"}
        return Pipeline(built, **policy)
    except ArgumentError as error:
        raise ArgumentError(error.message, top.at(error.where.removeprefix("Pipeline.")).where) from None


def _step(node: _Node) -> Transform:
    """Build the transform that a node describes."""
    written = {node.value: None} if isinstance(node.value, str) else node.value
    if not isinstance(written, dict):
        raise ArgumentError(f"must be a transform's name with its arguments, got {written!r:.60}.", node.where)
    names = [key for key in written if key not in BESIDE]
    if len(names) != 1:
        raise ArgumentError(f"must name one transform, got {names}. Begin every step with '- '.", node.where)
    (name,) = names
    beside = {key: value for key, value in written.items() if key in BESIDE}
    try:
        return _built(node.at(name), name, written[name], beside)
    except ArgumentError as error:
        raise _placed(error, node, name) from None


def _built(node: _Node, name: str, given: Json, beside: JsonObject) -> Transform:
    """Build a step by its name, from its arguments and what stands beside the name."""
    library, own = foreign(name), list[str]()
    if library is None:
        cls = find(name)
        arguments, own = _arguments(node, cls, given), positional(cls)
    elif given is None or isinstance(given, dict):
        arguments = dict(given or {})
    else:
        raise ArgumentError(f"must have its arguments by name, got {given!r:.60}.", name)
    for key in BESIDE:
        if key in arguments and key not in own:
            if key in beside:
                raise ArgumentError(f"must be given once, got {key} twice.", name)
            beside[key] = arguments.pop(key)
    if library is None:
        step = cls(**arguments, **{key: beside[key] for key in beside if key == "name"})
    else:
        step = library[0].written(library[1], arguments, str(node.folder), beside.get("name"))
    try:
        return Maybe(beside["chance"], step) if "chance" in beside else step
    except ArgumentError as error:
        raise ArgumentError(error.message, f"{name}.chance") from None


def _placed(error: ArgumentError, node: _Node, name: str) -> ArgumentError:
    """Return the error with file, line and place, unless an inner step has told them already."""
    if error.where.startswith(node.document.name):
        return error
    owner, _, rest = error.where.partition(".")
    where = node.where
    if owner == name and rest:
        line = node.document.line((*node.path, name, rest.split(".")[0].split("[")[0]))
        where = f"{node.document.name}:{line} {where.partition(' ')[2]}"
    return error.at(where)


def _arguments(node: _Node, cls: type[Transform], given: Json) -> JsonObject:
    if given is None:
        return {}
    if isinstance(given, dict):
        return {key: _argument(node.at(key), cls, key) for key in given}
    if not positional(cls):
        raise ArgumentError(f"takes no arguments, got {given!r:.60}.", cls.__name__)
    first = positional(cls)[0]
    return {first: _argument(node, cls, first)}


def _argument(node: _Node, cls: type[Transform], key: str) -> object:
    """Return one argument's value, built where it holds steps, read where it names a file."""
    kind, value = kind_of(cls, key), node.value
    if kind == "step":
        return _step(node)
    if kind == "steps":
        if not isinstance(value, list):
            raise ArgumentError(f"must be a list of steps, got {value!r:.60}.", f"{cls.__name__}.{key}")
        return [_step(item) for item in node.items()]
    if kind == "mapping" and isinstance(value, str) and value.endswith(YAML_SUFFIXES):
        try:
            return yaml_file.read(node.folder / value).data
        except FileError as error:
            raise error.at(node.where) from error.__cause__
    return value


def _plain(value: object) -> Json:
    """Return steps and what they hold as plain data: what is not as by default, chance beside its step."""
    if isinstance(value, Maybe) and value.name is None and not isinstance(value.step, Maybe):
        inner = _plain(value.step)
        name, arguments = (inner, {}) if isinstance(inner, str) else next(iter(inner.items()))
        return {name: arguments | {"chance": value.chance}}
    if isinstance(value, Transform):
        if isinstance(value, ForeignStep):
            given = value.arguments | ({"name": value.name} if value.name else {})
        else:
            given = _plain(value.given())
        return {value.called: given} if given else value.called
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def _seen_from(folder: str, data: Json) -> Json:
    """Return a pipeline's data with the paths of pictures as a file in a folder writes them."""
    return _by_foreign(data, lambda library, given: library.seen_from(folder, given))


def _by_foreign(data: Json, change: Callable[[type[ForeignStep], JsonObject], Json]) -> Json:
    """Return a pipeline's data with other arguments of the steps of other libraries."""
    if isinstance(data, list):
        return [_by_foreign(item, change) for item in data]
    if not isinstance(data, dict):
        return data
    return {
        key: change(library[0], value) if (library := foreign(key)) else _by_foreign(value, change)
        for key, value in data.items()
    }
