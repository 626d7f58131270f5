"""The pictures that a choice looks at: some of train, of which the trainer will learn, and those that confirm."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from augkit.datasets.splits import groups_of
from augkit.datasets.strata import number
from augkit.errors import SampleError
from augkit.train.parts.parts import Part
from augkit.train.setup import Setup
from augkit.train.telling import Tell

EACH = 6  # pictures of a class at least, where there are that many
LEAST = 2  # of a class that is judged at all: one that teaches, and one that is judged
LEAST_CLASSES = 2
MOST_NAMED = 3


@dataclass(frozen=True)
class Pool:
    """Pictures that are looked at.

    Args:
        part: some of train; of them it is learnt, and they are judged fold by fold.
        names: of their classes, in order.
        classes: the number of each one's class.
        groups: what each belongs to that stays whole.
        confirming: pictures of val, of these classes, which have no say in what is chosen.
        confirming_classes: the number of each one's class.
    """

    part: Part
    names: tuple[str, ...]
    classes: tuple[int, ...]
    groups: tuple[str, ...]
    confirming: Part
    confirming_classes: tuple[int, ...]


def pool_of(setup: Setup, most: int, groups: str | None, seed: int, tell: Tell) -> Pool:
    """Return what is looked at: `most` pictures of train, every class in proportion, but `EACH` where it has them.

    Who they are is keyed: one that comes or goes moves next to nobody.

    Raises:
        SampleError: fewer than two classes have two pictures.
    """
    facts = setup.surveyed.facts["train"]
    part, val = setup.surveyed.parts.train, setup.surveyed.parts.val
    named = [setup.task.named(label)[0] for label in part.labels]
    counts = Counter(named)
    few = sorted(name for name, count in counts.items() if count < LEAST)
    if few:
        told = f"{len(few):,} classes have" if len(few) > 1 else "1 class has"
        more = " and more" if len(few) > MOST_NAMED else ""
        tell(f"{told} one picture to learn from, and cannot be judged: {', '.join(few[:MOST_NAMED])}{more}.")
    known = [name for name in setup.task.names if counts[name] >= LEAST]
    if len(known) < LEAST_CLASSES:
        rule = f"must have {LEAST} training pictures at least in each of {LEAST_CLASSES} classes"
        advice = "Give more pictures, or a --split that trains more."
        raise SampleError(f"{rule}, got {len(known)} such. {advice}", "choose")
    if len(known) * EACH > most:
        chosen = set(sorted(known, key=lambda name: _drawn(name, seed))[: max(LEAST_CLASSES, most // EACH)])
        tell(f"Of {len(known):,} classes {len(chosen):,} are looked at, drawn by chance; --pictures N takes more.")
        known = [name for name in known if name in chosen]
    places = _some(part, named, known, most, seed)
    names = tuple(known)
    chosen_part = Part(part.data, tuple(part.sources[at] for at in places), tuple(part.origins[at] for at in places))
    confirming = [at for at, label in enumerate(val.labels) if setup.task.named(label)[0] in names]
    return Pool(
        chosen_part,
        names,
        tuple(names.index(named[at]) for at in places),
        whole_groups(_groups(chosen_part, groups), [facts[source.id].sha256 for source in chosen_part.sources]),
        Part(val.data, tuple(val.sources[at] for at in confirming), tuple(val.origins[at] for at in confirming)),
        tuple(names.index(setup.task.named(val.labels[at])[0]) for at in confirming),
    )


def _some(part: Part, named: Sequence[str], known: Sequence[str], most: int, seed: int) -> list[int]:
    by_class: dict[str, list[int]] = defaultdict(list)
    for at, name in enumerate(named):
        by_class[name].append(at)
    total = sum(len(by_class[name]) for name in known)
    found: list[int] = []
    for name in known:
        count = max(EACH, round(most * len(by_class[name]) / total)) if total > most else len(by_class[name])
        found += sorted(by_class[name], key=lambda at: _drawn(part.origins[at], seed))[:count]
    return sorted(found)


def whole_groups(groups: Sequence[str], hashes: Sequence[str]) -> tuple[str, ...]:
    """Return the group of each picture, such that pictures of the same bytes share one.

    >>> whole_groups(["a", "b", "c", "d"], ["1", "2", "2", "3"])
    ('a', 'b', 'b', 'd')
    """
    known: dict[str, str] = {}
    joined: dict[str, str] = {}

    def root(group: str) -> str:
        while joined.get(group, group) != group:
            group = joined[group]
        return group

    for group, sha in zip(groups, hashes, strict=True):
        joined[root(group)] = root(known.setdefault(sha, group))
    return tuple(root(group) for group in groups)


def _groups(part: Part, groups: str | None) -> tuple[str, ...]:
    """Return what each picture belongs to: its group, or the original that it is a copy of."""
    if any(source.id != origin for source, origin in zip(part.sources, part.origins, strict=True)):
        return part.origins
    sources = [replace(source, split=None) for source in part.data.sources]
    by_id = dict(zip((s.id for s in sources), groups_of(sources, groups, part.data.columns), strict=True))
    return tuple(by_id[source.id] for source in part.sources)


def _drawn(name: str, seed: int) -> tuple[float, str]:
    return number(f"{seed}:{name}", b"augkit choose"), name
