"""Every option of an expansion: what is to be made of what, and how the work is run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from augkit.configuration import Configuration, Option, Place, PlaceOrNone, Takes, Texts, converted
from augkit.errors import ArgumentError, AugkitError
from augkit.expand.engines import ENGINES

if TYPE_CHECKING:
    from augkit.pipeline import Pipeline
else:
    Pipeline = object  # whose module takes longer to import than help may take

MOST_COPIES = 100_000  # of a source: they are published together, and a worker keeps a line of each until then
MOST_DIGITS = 18  # of a number of outputs
MOST_OF_PART = 40  # letters of I/N
MOST_PARTS = 1_000_000
A_FILE = "as a file says"  # what books say of splits that one names: which these are, the hash of the sources tells

Balance = int | Literal["none", "max"]  # `none`, or the outputs that every class is brought to
Number = Annotated[int, Field(le=MOST_PARTS)]


def _loaded(given: object, where: str = "pipeline") -> object:
    from augkit.pipeline import Pipeline, load

    if isinstance(given, Pipeline):
        return given
    if not isinstance(given, str | Path):
        raise TypeError(where)
    try:
        return load(given)
    except AugkitError as error:
        raise error if error.where else error.at(where) from None  # which names the file, but for a bundled one


def _pipelines(given: object) -> object:
    """Return pipelines by class, sorted, of a mapping or of texts such as ``roses=strong``."""
    if not isinstance(given, Mapping | list | tuple | None):
        raise TypeError("pipelines_for")
    pairs = given if isinstance(given, Mapping) else map(_class_and_file, given or ())
    by_class = dict(pairs)  # the last of a class
    return {label: _loaded(by_class[label], f"pipelines_for.{label}") for label in sorted(by_class)}


def _class_and_file(text: str) -> tuple[str, str]:
    label, _, file = text.partition("=")
    if not (label and file):
        raise ArgumentError(f"must be CLASS=FILE, got {text!r}.", "--pipeline-for")
    return label, file


def _described(given: Pipeline | Mapping[str, Pipeline]) -> object:
    from augkit.pipeline.pipeline_file import identified

    return {label: identified(own) for label, own in given.items()} if isinstance(given, Mapping) else identified(given)


def fractions_or_file(given: object) -> object:
    """Return checked fractions of themselves or of a text such as ``train=0.9,val=0.1``; a file's name stays."""
    from augkit.datasets.split_file import is_file_name
    from augkit.datasets.splits import parse_split

    if isinstance(given, Mapping) and given:
        given = ",".join(f"{name}={float(part)!r}" for name, part in given.items())
    given = os.fspath(given) if isinstance(given, os.PathLike) else given
    if isinstance(given, str):
        return given if is_file_name(given) else parse_split(given)
    return {} if given is None else given


def _split_in_books(split: object) -> object:
    return split if isinstance(split, Mapping) else A_FILE


def _bits(given: object) -> object:
    return str(given) if type(given) is int else given


def _levels(given: object) -> object:
    """Return (low, high) of itself or of a text such as ``0,4095``; ``auto`` and None stay."""
    if isinstance(given, str) and given != "auto":
        numbers = given.split(",")
        if len(numbers) != 2 or not all(re.fullmatch(r" *[0-9]{1,9}(\.[0-9]{1,9})? *", number) for number in numbers):
            raise ArgumentError(f"must be MIN,MAX, such as 0,4095, or auto, got {given!r:.60}.", "--range")
        given = tuple(float(number) if "." in number else int(number) for number in numbers)
    if isinstance(given, list | tuple):
        from augkit.core.sampling import SamplingOptions

        try:
            SamplingOptions(range=tuple(given))
        except ArgumentError as error:
            raise ArgumentError(error.message, "range") from None
        return tuple(given)
    return given


def _balance(given: object) -> object:
    is_number = isinstance(given, str) and given.isascii() and given.isdecimal() and len(given) <= MOST_DIGITS
    return int(str(given)) if is_number else given


def _forms() -> Iterable[str]:
    from augkit.datasets import writers

    return writers()


def _part(given: object) -> object:
    """Return (i, n) of itself, or of a text such as ``0/3``."""
    if not isinstance(given, str):
        return given
    first, slash, second = given.partition("/")
    if not (slash and first.isdecimal() and second.isdecimal() and len(given) <= MOST_OF_PART):
        raise ArgumentError(f"must be I/N, such as 0/3, got {given!r:.60}.", "--shards")
    return int(first), int(second)


class ExpandConfig(Configuration):
    """All that decides the bytes of an expansion, in the order in which job.json holds it, and how the work is run."""

    source: Annotated[Place, Option(argument="SRC", decides=False)] = Field(
        description="A data set, of any format: see augkit formats."
    )
    out: Annotated[Place, Option(argument="OUT", decides=False)] = Field(
        description="A new or empty folder, or one that is unfinished."
    )
    pipeline: Annotated[
        Takes[str | Path | Pipeline, Pipeline],
        converted(_loaded),
        Option(rule="a pipeline, a bundled name or a file", written=_described),
    ] = Field(description="A bundled pipeline's name, or a YAML file.")
    pipelines_for: Annotated[
        Takes[Mapping[str, str | Path | Pipeline] | Sequence[str], dict[str, Pipeline]],
        converted(_pipelines),
        Option(
            name="pipeline-for",
            metavar="CLASS=FILE",
            is_many=True,
            rule="pipelines by class, or a list of CLASS=FILE",
            written=_described,
        ),
    ] = Field(default={}, validate_default=True, description="Another pipeline for a class; may be repeated.")
    seed: int = Field(default=0, description="Seed of the copies.")
    copies: int = Field(ge=1, le=MOST_COPIES, description="Augmented copies of every picture.")
    balance: Annotated[
        Annotated[int, Field(ge=1)] | Literal["none", "max"],
        converted(_balance),
        Option(rule="none, max or a whole number above 0"),
    ] = Field(default="none", description="none, max or N: outputs that every class is brought to.")
    split: Annotated[
        Takes[str | os.PathLike[str] | Mapping[str, float] | None, dict[Literal["train", "val", "test"], float] | str],
        converted(fractions_or_file),
        Option(rule="text such as train=0.9,val=0.1, fractions by name or a CSV file", written=_split_in_books),
    ] = Field(
        default={},
        validate_default=True,
        description="As train=0.8,val=0.1,test=0.1, or a CSV file of augkit split; only train is expanded.",
    )
    split_seed: int = Field(default=0, description="Seed of the split.")
    originals: Annotated[Literal["omit", "include"], Option(written=lambda value: value == "include")] = Field(
        default="omit", description="{choices} the pictures themselves."
    )
    form: Annotated[str | None, Option(key="format", choices=_forms, shown_default="that of SRC")] = Field(
        default=None, description="Format of OUT: see augkit formats."
    )
    mode: Annotated[Literal["keep", "rgb", "grey"], Option(is_later=True)] = Field(
        default="keep", description="{choices}: what every picture becomes; alpha is laid on white."
    )
    depth: Annotated[Literal["keep", "8"], converted(_bits), Option(is_later=True, rule="keep or 8")] = Field(
        default="keep", description="{choices}: bits that every picture gets, of its range if there is one."
    )
    encoding: Literal["jpeg", "png", "webp", "tiff", "auto"] = Field(
        default="jpeg", description="{choices}: JPEG where it can hold a picture, else PNG, else TIFF."
    )
    quality: int = Field(default=90, ge=1, le=100, description="1 to 100, for jpeg and webp.")
    ignore: Annotated[
        Texts,
        Option(metavar="PATTERN", is_many=True, decides=False, rule="patterns, such as *.xml"),
    ] = Field(
        default=(),
        validate_default=True,
        description="Files, columns or keys of SRC that may be left; may be repeated.",
    )
    allow_urls: Annotated[bool, Option(decides=False)] = Field(
        default=False, description="Read pictures that tables name by http and https URLs, never of this network."
    )
    allow_links: Annotated[bool, Option(decides=False)] = Field(
        default=False, description="Follow links that lead out of SRC."
    )
    drop: Annotated[
        Texts,
        Option(metavar="KIND", is_many=True, is_later=True, rule="kinds of labels, such as polygons", written=list),
    ] = Field(default=(), validate_default=True, description="A kind of label that OUT need not hold; may be repeated.")
    range: Annotated[
        Takes[str | Sequence[float] | None, tuple[float, float] | Literal["auto"] | None],
        converted(_levels),
        Option(
            is_later=True,
            metavar="MIN,MAX",
            rule="MIN,MAX, such as 0,4095, or auto",
            text=lambda value: value if isinstance(value, str) else ",".join(map(str, value)),
        ),
    ] = Field(
        default=None,
        validate_default=True,
        description="What black and white are, such as 0,4095 of 12 bits in 16; auto: the lowest and highest of SRC.",
    )
    groups: Annotated[PlaceOrNone, Option(decides=False)] = Field(
        default=None,
        validate_default=True,
        description="What stays together in a split: a pattern over ids, a CSV file or a column.",
    )
    executor: Annotated[
        Literal["native", "cpu", "reference"] | None,
        Option(decides=False, shown_default="native, or what OUT was begun with"),
    ] = Field(
        default=None,
        description="{choices}: integers, the same on any processor; OpenCV; or float64, slowly.",
    )
    workers: Annotated[int | None, Option(decides=False, shown_default="the processors")] = Field(
        default=None, ge=0, description="Processes; 0 works in this one."
    )
    engine: Annotated[str, Option(decides=False, choices=ENGINES.__iter__)] = Field(
        default="processes", description="{choices}."
    )
    start_method: Annotated[Literal["spawn", "forkserver"], Option(decides=False)] = Field(
        default="spawn", description="{choices}."
    )
    timeout: Annotated[float, Option(decides=False, rule="a number of seconds above 0")] = Field(
        default=60.0, gt=0.0, description="Seconds that one picture may take; inf for any."
    )
    wait: Annotated[float, Option(decides=False, rule="a number of seconds from 0 on")] = Field(
        default=60.0, ge=0.0, description="Seconds to wait for a source that cannot be read; 0 for none."
    )
    unreadable: Annotated[Literal["stop", "reject"], Option(decides=False)] = Field(
        default="stop", description="{choices} what cannot be read after that; reject: only while others can be."
    )
    shards: Annotated[
        Takes[str | tuple[int, int] | None, tuple[Number, Number] | None],
        converted(_part),
        Option(decides=False, metavar="I/N", rule=f"i/n with i from 0 to n - 1 and n at most {MOST_PARTS:,}"),
    ] = Field(default=None, validate_default=True, description="Do part I of N, counted from 0.")
    finish: Annotated[bool, Option(decides=False)] = Field(
        default=False, description="Only close the books (.augkit/), when all parts are done."
    )
    fresh: Annotated[bool, Option(decides=False)] = Field(
        default=False, description="Remove what an earlier job left in OUT."
    )
    extend: Annotated[bool, Option(decides=False)] = Field(
        default=False, description="Add copies or sources to a complete job."
    )
    retry_rejected: Annotated[bool, Option(decides=False)] = Field(
        default=False, description="Make what was rejected anew, where the reason may have passed."
    )
    max_rejected: Annotated[float, Option(decides=False)] = Field(
        default=0.01, ge=0.0, le=1.0, description="Exit with 1 if a larger fraction was rejected."
    )

    @property
    def pipelines(self) -> tuple[Pipeline, ...]:
        """All pipelines, that of classes without one of their own first."""
        return (self.pipeline, *self.pipelines_for.values())

    @model_validator(mode="after")
    def _require_one_aim(self) -> Self:
        """Refuse aims that contradict each other, before one of them removes or adds anything."""
        if self.shards is not None and not 0 <= self.shards[0] < self.shards[1]:
            what = f"must be i/n with i from 0 to n - 1, got {self.shards[0]}/{self.shards[1]}."
            raise ArgumentError(what, "shards")
        if self.executor == "native" and any(pipeline.policy.behaviour == 1 for pipeline in self.pipelines):
            what = "must be cpu or reference for a pipeline of behaviour 1, got native. Leave it out."
            raise ArgumentError(what, "executor")
        aims = {"shards": self.shards is not None, "finish": self.finish, "fresh": self.fresh, "extend": self.extend}
        aims["retry-rejected"] = self.retry_rejected and self.shards is None
        first, *others = [name for name, is_wanted in aims.items() if is_wanted] or [""]
        if others:
            what = f"must not go with {' or '.join(f'--{name}' for name in others)}. Run one after the other."
            raise ArgumentError(what, first)
        return self
