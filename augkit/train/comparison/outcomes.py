"""Outcomes of a run, picture by picture, from which runs are compared, as a file of its folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np

from augkit.core.arrays import Flags, Indices, Reals
from augkit.core.text_files import bytes_of
from augkit.errors import FileError
from augkit.storage.durable import replace_with
from augkit.train.train_errors import readable, written

ALL = "all"  # the name of the figure that stands for the whole
OUTCOMES = "outcomes.json"
GROUPS = 20  # of pictures, in a jackknife


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure of a run, and what each unit says of it: the figure is the mean of that."""

    value: float
    pictures: int  # that it is of
    at: Indices  # (m,) places among the units
    values: Reals  # (m,), in the figure's unit


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What a run came to, unit by unit: a unit is a picture, or a group of them."""

    units: tuple[str, ...]  # ids of pictures, or the ids of a group's as one text
    figures: Mapping[str, Figure]  # `ALL`, and that of each class, label or number by its name; undefined: left out
    is_grouped: bool = False  # what a group says of a figure depends on all others


def of_pictures(ids: Sequence[str], figures: Mapping[str, Reals | tuple[Flags, Reals]]) -> Outcomes:
    """Return outcomes whose figures are means over pictures.

    Args:
        ids: of the pictures (n,).
        figures: what every picture (n,) says, by name; or of which pictures (n,) a figure is, and what those say.
    """
    found: dict[str, Figure] = {}
    for name, told in figures.items():
        flags, values = told if isinstance(told, tuple) else (np.ones(len(ids), np.bool_), told)
        if len(values):
            found[name] = Figure(float(values.mean()), len(values), np.flatnonzero(flags), values)
    return Outcomes(tuple(ids), found)


def jackknifed(
    ids: Sequence[str],
    names: Sequence[str],
    figures: Callable[[Indices], Sequence[float | None]],
    pictures: Sequence[int],
) -> Outcomes:
    """Return outcomes whose figures are no means over pictures, as pseudovalues of at most `GROUPS` groups of them.

    Args:
        ids: of the pictures (n,), two at least.
        names: of the figures.
        figures: gives all of them for the pictures at some places, None where one is undefined.
        pictures: how many each figure is of.

    References: Quenouille, "Notes on bias in estimation", Biometrika 1956; moved to have the figure as their mean, as
    by Hillis, Obuchowski, Schartz and Berbaum, Statistics in Medicine 2005.
    """
    order = np.array(sorted(range(len(ids)), key=lambda place: blake2b(ids[place].encode("utf-8", "replace")).digest()))
    groups = [np.sort(order[first::GROUPS]) for first in range(min(GROUPS, len(ids)))]
    whole, everything, count = figures(np.arange(len(ids))), np.arange(len(ids)), len(groups)
    without = [figures(np.setdiff1d(everything, group)) for group in groups]
    found: dict[str, Figure] = {}
    for place, (name, value, of) in enumerate(zip(names, whole, pictures, strict=True)):
        if value is None:
            continue
        rest = [told[place] for told in without]
        left = np.array([value if figure is None else figure for figure in rest])
        pseudo = count * value - (count - 1) * left
        found[name] = Figure(value, of, np.arange(count), pseudo + (value - pseudo.mean()))
    return Outcomes(tuple(" ".join(ids[place] for place in group) for group in groups), found, is_grouped=True)


def write(folder: Path, found: Outcomes) -> None:
    """Write outcomes into the folder of their run."""
    figures = {
        name: {"value": one.value, "pictures": one.pictures, "at": one.at.tolist(), "values": one.values.tolist()}
        for name, one in found.figures.items()
    }
    content = json.dumps({"units": found.units, "is_grouped": found.is_grouped, "figures": figures})
    with written(folder / OUTCOMES):
        replace_with(folder / OUTCOMES, bytes_of(content))


def read(folder: Path) -> Outcomes:
    """Return the outcomes of a run, or raise FileError where its folder holds none."""
    path = folder / OUTCOMES
    with readable(path):
        try:
            told = json.loads(path.read_bytes())
            figures = {
                name: Figure(
                    one["value"], one["pictures"], np.array(one["at"], np.intp), np.array(one["values"], float)
                )
                for name, one in told["figures"].items()
            }
            return Outcomes(tuple(told["units"]), figures, told["is_grouped"])
        except (FileNotFoundError, ValueError, LookupError, TypeError, AttributeError):
            advice = "Give the same command once more: what was trained is not trained again."
            raise FileError(f"must hold the outcomes of a finished run. {advice}", str(path)) from None
