"""Splits that every class has its share of, keyed so that a source which comes or goes moves next to nobody.

Every class is a stratum, and is divided on its own. Its groups stand in the order of a keyed hash, each as long as it
has pictures, on a line as long as the class; the line is cut where the fractions say, and a group belongs to the piece
that a point of it lies in: the same point of all groups, at a keyed part u of each one's length. So with F the sum of
the fractions up to a cut, N the pictures of a class and s those of its largest group:

- **Shares.** A split has less than s pictures more or less of a class than its fraction of N: without groups it is that
  number, rounded down or up, by u, which is another one for every class: so that of many small classes, too, each split
  has its share in all. A class has enough pictures for a split where that number is at least s: then the split has some
  of it; without groups, 10 pictures are enough for a tenth. Of a class with one group u is the hash of that group: it
  is put where all were in augkit 0.1.
- **Moves.** A source that comes or goes moves at most one other group across each cut, of its own class alone: one
  group where there are two splits, two where there are three. For as a picture comes, a cut moves by F, the points of
  groups after it by 1, its own group's by u, and those before it not at all. Against the cut, points thus move down by
  F at most, or up by 1 - F at most; points lie at least 1 apart, so one at most crosses it either way; and a point that
  crosses upwards lies below the cut, so before one that crosses downwards, while what moves up lies after what moves
  down: not both.

A group whose pictures show several classes, or whose pictures do themselves, has the stratum of the rarest, by the
number of groups that show it. These numbers are compared by their lengths as binary numbers, and else by name: so a
class passes another one only when it doubles, and between that the bounds above hold for such groups as well, but for
one that comes to show a rarer class and leaves its stratum, with all its pictures. The share of a class that is seldom
the rarest holds up to the error of sampling.

Where no class has enough, val or test may be left with nothing at all: it then takes one group of train, of the class
that has most there. Such a group moves when its split comes to have others: one more for each of these splits.

The classes of a picture are its label, or each of several; without one, those of its boxes and of all else that has
labels. Pictures without any are one stratum, as those whose labels are numbers with a fraction.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import accumulate

from augkit.core.arrays import Label
from augkit.core.normal_form import nfc
from augkit.datasets.data_set import Source, Split

Fractions = Mapping[Split, float]
# Test lies at one end and train at the other: a test or val that grows takes what was in train.
ORDER: tuple[Split, ...] = ("test", "val", "train")
Stratum = tuple[str, ...]  # the name of a class, or nothing


def stratified(
    sources: Sequence[Source],
    groups: Sequence[str],
    fractions: Fractions,
    seed: int,
    known: Mapping[str, Split],
) -> list[Split]:
    """Return the split of every source: each class is divided by the fractions, and no group lies in two.

    Args:
        sources: in any order.
        groups: that of each.
        fractions: of the splits, which add up to 1.
        seed: any whole number.
        known: splits of groups that are settled; the others are dealt to where a class lacks most.

    >>> sources = [Source(f"{n}.png", 1, "ab"[n % 2]) for n in range(40)]
    >>> splits = stratified(sources, [s.id for s in sources], {"train": 0.8, "val": 0.1, "test": 0.1}, 0, {})
    >>> sorted(Counter((source.label, split) for source, split in zip(sources, splits)).values())
    [2, 2, 2, 2, 16, 16]
    """
    sizes = Counter(groups)
    found = dict(known)
    divided = strata(sources, groups)
    for stratum, members in divided.items():
        wanted = {split: fractions.get(split, 0.0) * sum(sizes[group] for group in members) for split in ORDER}
        new = [group for group in members if group not in found]
        if len(new) < len(members):
            held = Counter[Split]()
            for group in members:
                if group in found:
                    held[found[group]] += sizes[group]
            lacks = {split: max(0.0, wanted[split] - held[split]) for split in ORDER}
            scale = sum(sizes[group] for group in new) / (sum(lacks.values()) or 1.0)
            wanted = {split: lack * scale for split, lack in lacks.items()}
        drawn = {group: number(nfc(f"{seed}:{group}"), b"augkit split") for group in new}
        new.sort(key=lambda group: (drawn[group], nfc(group)))
        part = drawn[new[0]] if len(members) == 1 and new else number(nfc(f"{seed}:{stratum}"), b"augkit stratum")
        found |= _cut(new, sizes, wanted, part)
    for split in ORDER:
        if fractions.get(split, 0.0) > 0.0 and split not in found.values():
            found |= dict.fromkeys(_spare(divided.values(), found, known, f"{seed}:{split}"), split)
    return [found[group] for group in groups]


def _spare(
    divided: Iterable[Sequence[str]], found: Mapping[str, Split], known: Mapping[str, Split], key: str
) -> list[str]:
    """Return a group of train that is not settled, of the stratum that has most there; none if that has but one."""
    left = ([group for group in members if found[group] == "train"] for members in divided)
    most = max(sorted(map(sorted, left)), key=len, default=[])
    free = [group for group in most if group not in known]
    free = free if len(most) > 1 else []
    return sorted(free, key=lambda group: number(nfc(f"{key}:{group}"), b"augkit spare"))[:1]


def _cut(
    groups: Sequence[str], sizes: Mapping[str, int], wanted: Mapping[Split, float], part: float
) -> dict[str, Split]:
    """Return the splits of groups on a line: each has the one that a point of it lies in.

    Args:
        groups: in order.
        sizes: their lengths.
        wanted: the length of the line that is each split's, in order.
        part: of every group's length, where its point lies, 0 to 1.
    """
    limits = dict(zip(wanted, accumulate(wanted.values()), strict=True))
    last = [split for split, length in wanted.items() if length > 0.0][-1:] or ["train"]
    found, start = dict[str, Split](), 0
    for group in groups:
        point = start + part * sizes[group]
        found[group] = next((split for split, limit in limits.items() if point < limit), last[0])
        start += sizes[group]
    return found


def strata(sources: Sequence[Source], groups: Sequence[str]) -> dict[Stratum, list[str]]:
    """Return the groups of every stratum, each once: of the rarest class that a group shows, or of none."""
    shown: dict[str, set[str]] = defaultdict(set)
    for source, group in zip(sources, groups, strict=True):
        shown[group].update(classes_of(source))
    spread = Counter(name for names in shown.values() for name in names)

    def rarity(name: str) -> tuple[int, str]:
        return spread[name].bit_length(), name

    found: dict[Stratum, list[str]] = defaultdict(list)
    for group, names in shown.items():
        found[(min(names, key=rarity),) if names else ()].append(group)
    return found


def classes_of(source: Source) -> frozenset[str]:
    """Return the names of a picture's classes: its label or labels, or else those of its boxes and other objects.

    >>> sorted(classes_of(Source("a.png", 1, ["day", "rain"]))), sorted(classes_of(Source("a.png", 1, 0.5)))
    (['day', 'rain'], [])
    """
    labels: list[Label] = source.label if isinstance(source.label, list) else [source.label]
    named = frozenset(nfc(str(label)) for label in labels if isinstance(label, str | int))
    if named or source.annotations is None:
        return named
    return frozenset(nfc(name) for target in source.annotations.targets.values() for name in target.names())


def number(text: str, purpose: bytes) -> float:
    """Return a number from 0 to 1 that is a function of a text alone."""
    words = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(words, digest_size=8, person=purpose).digest(), "big") / 2**64
