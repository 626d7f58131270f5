"""Emoji of several makers: icons of 64 x 64 pixels with alpha, as npm packages hold them, by group, theme and name."""

from __future__ import annotations

import json
import os
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit.images import decode
from benchmarks.sets import Absent, Labelled

__all__ = ["EMOJI", "groups", "makers", "themes_of_emoji"]

EMOJI = "AUGKIT_EMOJI"  # the environment variable that says in which folder the npm packages lie
GROUPS, MOST = 13, 100  # the groups that have the most pictures, and of each the first by a shuffle
NAMES = 120  # emoji that are classes of their own
THEMES = {  # what the names of subgroups begin with; other emoji are left out, but flags and symbols by their category
    "animals": ("animal-",),
    "clothing": ("clothing",),
    "faces": ("face-", "cat-face", "monkey-face"),
    "food": ("food-prepared", "food-asian", "food-sweet", "drink", "dishware"),
    "hands": ("hand", "body-parts"),
    "people": ("person", "family"),
    "places": ("place-", "hotel"),
    "plants": ("plant-", "food-fruit", "food-vegetable"),
    "sky": ("sky", "time"),
    "things": ("tool", "office", "household", "computer", "book", "money", "mail", "light", "writing", "phone", "lock"),
    "transport": ("transport-ground", "transport-air", "transport-water"),
}
CATEGORIES = {"Flags": "flags", "Symbols": "signs"}


@cache
def groups(maker: str) -> tuple[Labelled, tuple[str, ...]]:
    """Return a maker's 13 largest subgroups, at most 100 pictures of each, and which emoji each is a variation of.

    Raises:
        Absent: the package is not there.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for entry in _entries(maker):
        own = [(one["image"], entry["image"]) for one in (entry, *entry.get("skin_variations", {}).values())]
        found.setdefault(entry["subcategory"], []).extend(own)
    largest = sorted(sorted(found, key=lambda name: (-len(found[name]), name))[:GROUPS])
    return _drawn(maker, [found[name] for name in largest])


@cache
def themes_of_emoji(maker: str) -> tuple[Labelled, tuple[str, ...]]:
    """Return emoji without their variations in 13 themes, at most 100 of each, and the name of each.

    Raises:
        Absent: the package is not there.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for entry in _entries(maker):
        begins = (name for name, starts in THEMES.items() if entry["subcategory"].startswith(starts))
        theme = CATEGORIES.get(entry["category"]) or next(begins, None)
        if theme is not None and entry["category"] != "Activities":
            found.setdefault(theme, []).append((entry["image"], entry["image"]))
    return _drawn(maker, [found[name] for name in sorted(found)])


@cache
def makers(names: tuple[str, ...]) -> Labelled:
    """Return 120 emoji as classes, each as several makers draw it: the first one's pictures first.

    Raises:
        Absent: a package is not there.
    """
    known = [{entry["image"] for entry in _entries(maker)} for maker in names]
    shared = sorted(set.intersection(*known))
    kept = [shared[place] for place in np.random.default_rng(0).permutation(len(shared))[:NAMES]]
    return Labelled([_picture(maker, name) for maker in names for name in kept], np.tile(np.arange(NAMES), len(names)))


def _drawn(maker: str, found: list[list[tuple[str, str]]]) -> tuple[Labelled, tuple[str, ...]]:
    images: list[NDArray[np.uint8]] = []
    origins: list[str] = []
    counts: list[int] = []
    seen: set[str] = set()  # some emoji are drawn alike: of such pictures the first one
    for pairs in found:
        ordered = [pair for pair in sorted(set(pairs)) if _is_new(maker, pair[0], seen)]
        kept = [ordered[place] for place in np.sort(np.random.default_rng(0).permutation(len(ordered))[:MOST])]
        images += [_picture(maker, image) for image, _ in kept]
        origins += [origin for _, origin in kept]
        counts.append(len(kept))
    return Labelled(images, np.repeat(np.arange(len(counts)), counts)), tuple(origins)


def _is_new(maker: str, name: str, seen: set[str]) -> bool:
    mark = sha256((_home(maker) / "img" / maker / "64" / name).read_bytes()).hexdigest()
    is_new = mark not in seen
    seen.add(mark)
    return is_new


def _home(maker: str) -> Path:
    return Path(os.environ.get(EMOJI) or "node_modules") / f"emoji-datasource-{maker}"


def _entries(maker: str) -> list[dict[str, Any]]:
    table = _home(maker) / "emoji.json"
    if not table.is_file():
        advice = f"Run: npm install emoji-datasource-{maker}; or name the folder that it lies in by {EMOJI}."
        raise Absent(f"{table} is no file. {advice}")
    entries = json.loads(table.read_text("utf-8"))
    return [entry for entry in entries if entry[f"has_img_{maker}"] and entry["category"] != "Component"]


def _picture(maker: str, name: str) -> NDArray[np.uint8]:
    image: NDArray[np.uint8] = decode((_home(maker) / "img" / maker / "64" / name).read_bytes()).image
    return image
