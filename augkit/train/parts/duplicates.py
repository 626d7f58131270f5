"""Pictures that a training holds twice: found by their bytes and their looks, and kept out of two parts, or told.

A picture that is learnt from and judged by makes figures too good. Pictures whose bytes are equal and whose labels
differ are mistakes of one of the labels: no network can be right about all of them. They count as unreadable pictures
do, against the same limit: either is a picture that nothing can be learnt from.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from augkit.core.arrays import Json, JsonObject
from augkit.errors import FileError
from augkit.train.copies.copy_verdicts import CHANGES, Copy, Shown
from augkit.train.parts.known_copies import known_copies
from augkit.train.parts.parts import ROLES, Parts, Role
from augkit.train.parts.survey import Survey
from augkit.train.tasks.task import parsed

Kind = Literal["same", "near", "likely"]  # bytes; looks, certainly or likely those of a copy
FILE = "duplicates.jsonl"  # in the folder of a run
MOST_NAMED = 3  # sets in a sentence
NAMED_EACH = 3  # pictures of a set in a sentence
WORDS: dict[Kind, str] = {
    "same": "hold the same bytes as others",
    "near": "look nearly the same as others",
    "likely": "may be copies of others",
}


OPTIONS: dict[Kind, str] = {"same": "duplicates", "near": "near-duplicates"}  # that say what becomes of them


@dataclass(frozen=True)
class Twin:
    """A picture that is like another one."""

    role: Role
    id: str
    origin: str  # the id of its original: its own, unless it is a copy
    label: str  # as JSON


@dataclass(frozen=True)
class Alike:
    """Pictures of several originals that are alike, in order.

    Args:
        kind: in what.
        twins: the pictures.
        changes: what was done to them for one to come of the other, in words, of those that look alike.
    """

    kind: Kind
    twins: tuple[Twin, ...]
    changes: tuple[str, ...] = ()

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
        changes: dict[str, Json] = {"changes": [*self.changes]} if self.changes else {}
        return {"kind": self.kind, **changes, "pictures": pictures}

    def told(self, has_roles: bool, has_labels: bool = False) -> str:
        """Return it in short: some of every part and label come first."""
        firsts = list({(twin.role, twin.label): twin for twin in reversed(self.twins)}.values())[::-1]
        shown = [*firsts, *(twin for twin in self.twins if twin not in firsts)][:NAMED_EACH]
        notes = [[twin.role] * has_roles + [_plain(twin.label)] * has_labels for twin in shown]
        names = [f"{twin.id} ({', '.join(note)})" if note else twin.id for twin, note in zip(shown, notes, strict=True)]
        more = [f"{len(self.twins) - len(shown):,} more"] if len(self.twins) > len(shown) else []
        return ", ".join([(" = " if self.kind == "same" else " ~ ").join([*names, *more]), *self.changes])


def shown(surveyed: Survey) -> list[Shown]:
    """Return what copies are found by of all pictures, in the order of their ids: the same, whatever the parts."""
    return [one for _, one in _pictures(surveyed)]


def alike(surveyed: Survey, folder: Path | None = None, is_near_everywhere: bool = False) -> list[Alike]:
    """Return all sets of pictures that are alike, but for those of one original.

    Those of the same bytes are found wherever they lie, copies by their originals; those that look alike across parts,
    or everywhere.

    Args:
        surveyed: the pictures.
        folder: where it may be written which of them look alike.
        is_near_everywhere: as above.
    """
    pictures = _pictures(surveyed)
    twins, files = [twin for twin, _ in pictures], defaultdict[str, list[int]](list)
    for place, (twin, one) in enumerate(pictures):
        files[surveyed.parts.hashes.get(twin.origin, one.sha256)].append(place)
    same = [Alike("same", tuple(twins[place] for place in places)) for places in files.values() if len(places) > 1]
    links: dict[Kind, list[Copy]] = {"near": [], "likely": []}
    for copy in known_copies(folder, [one for _, one in pictures]):
        if is_near_everywhere or twins[copy.first].role != twins[copy.second].role:
            links["near" if copy.is_certain else "likely"].append(copy)
    near = list(_joined("near", links["near"], twins))
    known = [set(found.twins) for found in (*same, *near)]
    likely = [
        found for found in _joined("likely", links["likely"], twins) if not any(set(found.twins) <= k for k in known)
    ]
    several = [found for found in (*same, *near, *likely) if len(found.origins) > 1]
    return sorted(several, key=lambda found: ([*WORDS].index(found.kind), found.origins))


def _pictures(surveyed: Survey) -> list[tuple[Twin, Shown]]:
    found = list[tuple[Twin, Shown]]()
    for role in ROLES:
        part, facts = surveyed.parts[role], surveyed.facts[role]
        for source, origin in zip(part.sources, part.origins, strict=True):
            label, its = json.dumps(parsed(source.label), sort_keys=True), facts[source.id]
            found.append((Twin(role, source.id, origin, label), Shown(its.sha256, its.look, label, origin)))
    return sorted(found, key=lambda picture: picture[0].id)


def _joined(kind: Kind, links: Sequence[Copy], twins: Sequence[Twin]) -> Iterator[Alike]:
    """Yield the sets that pairs join, with all that was done to pictures of each."""
    sets: dict[int, list[int]] = {}  # the one that a place is in
    for link in links:
        smaller, larger = sorted((sets.setdefault(at, [at]) for at in (link.first, link.second)), key=len)
        if smaller is not larger:
            larger += smaller
            sets |= dict.fromkeys(smaller, larger)
    changes = defaultdict[int, set[str]](set)
    for link in links:
        changes[id(sets[link.first])].update(link.changes)
    for places in {id(joined): joined for joined in sets.values()}.values():
        done = tuple(change for change in CHANGES if change in changes[id(places)])
        yield Alike(kind, tuple(twins[place] for place in sorted(places)), done)


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


def require_apart(kind: Kind, sets: Sequence[Alike], parts: Parts, where: str) -> None:
    """Raise FileError where pictures that are the same, or look so, lie in two parts."""
    if not sets:
        return
    which = {"same": "of the same bytes", "near": "that look nearly the same"}[kind]
    what = f"must hold no picture in two parts, got {count_of(sets)} {which} in {counted(len(sets), 'set')}"
    group = "" if parts.is_settled else "group to keep each set in one part, "
    further = "ignore" if kind == "same" else "tell"
    advice = f"Pass --{OPTIONS[kind]} {group}drop to leave them out of what is learnt from, or {further}."
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
