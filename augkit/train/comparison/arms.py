"""Ways to train that are compared: configurations that differ in one option, read from a line of text."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from augkit.errors import ArgumentError, closest
from augkit.train.train_config import TrainConfig

NONE, PIPELINE, DATA = "none", "pipeline", "data"
LEFT_OUT = frozenset({"out", "seed", "split_seed"})  # which every run has of its own, or which change what is answered
FILES = (".yaml", ".yml", ".pt", ".pth", ".safetensors", ".csv")
_OPTION = re.compile(r"([a-z][a-z_-]*)=(.*)", re.DOTALL)


@dataclass(frozen=True)
class Arm:
    """One way to train, and what it is called: in tables, and as a folder below the comparison's."""

    name: str
    config: TrainConfig


def arms_of(config: TrainConfig, ways: Sequence[str]) -> tuple[str, list[Arm]]:
    """Return the option that differs, and a way to train for each of its values.

    Args:
        config: what all have in common; it leaves the option open. Of `data`, it holds one of the values.
        ways: names or files of pipelines, or ``none``; or values of another option, the first with the option before
            it: ``model=lenet`` and ``resnet18``. ``none`` leaves an option open that has no value by default.

    Raises:
        ArgumentError: there are less than two, or two of one name, or an option or a value is none.
    """
    option, values = _parted(ways)
    given = getattr(config, option)
    if option == DATA and given not in values:
        raise ArgumentError(f"must name DATA among the data sets, got {','.join(values)} and {given}.", "compare")
    if option != DATA and given != TrainConfig.model_fields[option].default:
        flag = option.replace("_", "-")
        raise ArgumentError(f"must not go with --{flag}. Name that one in --compare.", "compare")
    names = [_name(value) for value in values]
    if len(set(names)) != len(names) or len(names) < 2:
        what = "pipelines" if option == PIPELINE else f"values of {option}"
        raise ArgumentError(f"must name two {what} at least, each once, got {','.join(ways)}.", "compare")
    pairs = zip(names, values, strict=True)
    return option, [Arm(name, config.replaced(**{option: _value(option, value)})) for name, value in pairs]


def _parted(ways: Sequence[str]) -> tuple[str, list[str]]:
    """Return the option that ways are values of, and these."""
    found = _OPTION.fullmatch(ways[0]) if ways else None
    if found is None or Path(ways[0]).exists():
        return PIPELINE, list(ways)
    option = found[1].replace("-", "_")
    known = [entry.field for entry in TrainConfig.entries() if entry.field not in LEFT_OUT]
    if option not in known:
        raise ArgumentError(f"must be an option to compare, got {found[1]!r}.{closest(option, known)}", "compare")
    return option, [found[2], *ways[1:]]


def _name(value: str) -> str:
    """Return what a way is called, which is a folder's name too, whatever the value is."""
    last = Path(value).name or value
    stem = Path(last).stem if last.endswith(FILES) else last
    name = re.sub(r"[^\w.+ -]", "_", stem)
    if not name.strip(". "):
        raise ArgumentError(f"must be values that a folder can be called after, got {value!r:.60}.", "compare")
    return name


def _value(option: str, text: str) -> object:
    """Return what a text says as a value of an option: numbers and truth values as JSON writes them."""
    info = TrainConfig.model_fields[option]
    if text == NONE and info.default is None and option != PIPELINE:  # whose none is a name: open, a recipe may add one
        return None
    if info.annotation is not None and _is_of_numbers(info.annotation):
        try:
            return json.loads(text)
        except ValueError:
            return text  # which is refused, with what it must be
    return text


def _is_of_numbers(kind: object) -> bool:
    kinds = getattr(kind, "__args__", (kind,))
    return any(part in (bool, int, float) for part in kinds) and str not in kinds
