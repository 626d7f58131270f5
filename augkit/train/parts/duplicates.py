"""Pictures that a training holds twice: found by their bytes and their looks, and kept out of two parts, or told.

A picture that is learnt from and judged by makes figures too good. Pictures whose bytes are equal and whose labels
differ are mistakes of one of the labels: no network can be right about all of them. They count as unreadable pictures
do, against the same limit: either is a picture that nothing can be learnt from.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from augkit.core.arrays import Json, JsonObject
from augkit.datasets.leakage import Marks
from augkit.errors import FileError
from augkit.train.parts.parts import ROLES, Parts, Role
from augkit.train.parts.survey import Survey
from augkit.train.tasks.task import parsed

Kind = Literal["same", "near"]  # bytes, or looks
FILE = "duplicates.jsonl"  # in the folder of a run
MOST_NAMED = 3  # sets in a sentence
NAMED_EACH = 3  # pictures of a set in a sentence
WORDS: dict[Kind, str] = {"same": "hold the same bytes as others", "near": "look nearly the same as others"}


@dataclass(frozen=True)
class Twin:
    """A picture that is like another one."""

    role: Role
    id: str
    origin: str  # the id of its original: its own, unless it is a copy
    label: str  # as JSON


@dataclass(frozen=True)
class Alike:
    """Pictures of several originals that are alike, in order."""

    kind: Kind
    twins: tuple[Twin, ...]

    @property
    def roles(self) -> set[Role]:
        """The parts that they lie in."""
        return {twin.role for twin in self.twins}

    @property
    def labels(self) -> set[str]:
        """Their labels, as JSON."""
        return {twin.label for twin in self.twins}

    @property
    def origins(self) -> list[str]:
        """The ids of their originals, each once."""
        return sorted({twin.origin for twin in self.twins})

    def described(self) -> JsonObject:
        """Return it as a line of duplicates.jsonl holds it."""
        pictures: list[Json] = [
            {"role": twin.role, "id": twin.id, "label": json.loads(twin.label)} for twin in self.twins
        ]
        return {"kind": self.kind, "pictures": pictures}

    def told(self, has_roles: bool, has_labels: bool = False) -> str:
        """Return it in short: some of every part and label come first."""
        firsts = list({(twin.role, twin.label): twin for twin in reversed(self.twins)}.values())[::-1]
        shown = [*firsts, *(twin for twin in self.twins if twin not in firsts)][:NAMED_EACH]
        notes = [[twin.role] * has_roles + [_plain(twin.label)] * has_labels for twin in shown]
        names = [f"{twin.id} ({', '.join(note)})" if note else twin.id for twin, note in zip(shown, notes, strict=True)]
        more = [f"{len(self.twins) - len(shown):,} more"] if len(self.twins) > len(shown) else []
        return (" = " if self.kind == "same" else " ~ ").join([*names, *more])


def alike(surveyed: Survey, is_near_everywhere: bool = False) -> list[Alike]:
    """Return all sets of pictures that are alike, but for those of one original.

    Those of the same bytes are found wherever they lie, copies by their originals; those that look alike across parts,
    or everywhere.
    """
    marks, twins, files = Marks(), list[Twin](), defaultdict[str, list[int]](list)
    for role in ROLES:
        part, facts = surveyed.parts[role], surveyed.facts[role]
        for source, origin in zip(part.sources, part.origins, strict=True):
            label = json.dumps(parsed(source.label), sort_keys=True)
            found = facts[source.id]
            files[surveyed.parts.hashes.get(origin, found.sha256)].append(len(twins))
            twins.append(Twin(role, source.id, origin, label))
            marks.add(origin if is_near_everywhere else role, found.sha256, found.mark)
    same = [_set("same", places, twins) for places in files.values() if len(places) > 1]
    near = [_set("near", places, twins) for places in marks.near()]
    several = [found for found in (*same, *near) if len(found.origins) > 1]
    return sorted(several, key=lambda found: (found.kind == "near", found.origins))


def _set(kind: Kind, places: Iterable[int], twins: Sequence[Twin]) -> Alike:
    return Alike(kind, tuple(sorted((twins[place] for place in places), key=lambda twin: twin.id)))


def require_one_label(sets: Iterable[Alike], pictures: int, most: float, where: str) -> Iterator[str]:
    """Yield a sentence where equal pictures have two labels, or raise FileError where those are too many.

    Args:
        sets: of pictures that are alike.
        pictures: that there are in all.
        most: the part of them that may be so.
        where: they lie.
    """
    odd = [found for found in sets if found.kind == "same" and len(found.labels) > 1]
    count = sum(len(found.twins) for found in odd)
    if not odd:
        return
    named = _named(odd, has_roles=False, has_labels=True)
    if count > most * pictures:
        what = f"must give pictures of the same bytes one label, but for {most:.1%} of them, got {count:,}"
        advice = "Mend the labels, pass a greater --max-rejected, or --duplicates ignore."
        raise FileError(f"{what} of {pictures:,} with two: {named}. {advice}", where)
    verb, have = ("holds the bytes of another", "has") if count == 1 else ("hold the same bytes as others", "have")
    yield f"{counted(count, 'picture')} {verb} and {have} another label: {named}. Mend one of them."


def crossing(sets: Iterable[Alike], kind: Kind) -> list[Alike]:
    """Return the sets of a kind that lie in several parts."""
    return [found for found in sets if found.kind == kind and len(found.roles) > 1]


def require_apart(sets: Sequence[Alike], parts: Parts, where: str) -> None:
    """Raise FileError where pictures of the same bytes lie in two parts."""
    if not sets:
        return
    what = f"must hold no picture in two parts, got {count_of(sets)} of the same bytes in {counted(len(sets), 'set')}"
    group = "" if parts.is_settled else "group to keep each set in one part, "
    advice = f"Pass --duplicates {group}drop to leave them out of what is learnt from, or ignore."
    raise FileError(f"{what}: {_named(sets, has_roles=True)}. {advice}", where)


def counted(count: int, noun: str) -> str:
    """Return a number of things in words.

    >>> counted(1, "set"), counted(2000, "set")
    ('1 set', '2,000 sets')
    """
    return f"{count:,} {noun}{'s' * (count != 1)}"


def count_of(sets: Iterable[Alike]) -> str:
    """Return how many pictures there are in sets, in words."""
    return counted(sum(len(found.twins) for found in sets), "picture")


def told(sets: Sequence[Alike], kind: Kind, tail: str, has_roles: bool) -> str:
    """Return a sentence that says how many pictures are alike, and which."""
    return f"{count_of(sets)} {WORDS[kind]} ({counted(len(sets), 'set')}: {_named(sets, has_roles)}){tail}"


def doomed(sets: Iterable[Alike]) -> dict[Role, set[str]]:
    """Return the ids of what is left out for no set to lie in two parts: test keeps all, val what test has not.

    With a picture go the other copies of its original.
    """
    found: dict[Role, set[str]] = defaultdict(set)
    for one in sets:
        keeps = next(role for role in reversed(ROLES) if role in one.roles)
        for twin in one.twins:
            if twin.role != keeps:
                found[twin.role].add(twin.origin)
    return found


def _named(sets: Sequence[Alike], has_roles: bool, has_labels: bool = False) -> str:
    more = [f"and {counted(len(sets) - MOST_NAMED, 'more set')}"] if len(sets) > MOST_NAMED else []
    return "; ".join([*(found.told(has_roles, has_labels) for found in sets[:MOST_NAMED]), *more])


def _plain(label: str) -> str:
    value = json.loads(label)
    return value if isinstance(value, str) else label


def lines(sets: Collection[Alike]) -> str:
    """Return the sets as lines of JSON."""
    return "".join(f"{json.dumps(found.described())}\n" for found in sets)
