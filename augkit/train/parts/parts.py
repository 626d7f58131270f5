"""Parts of a data set: training, validation, which chooses the best weights, and test, which is reported on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from augkit.core.arrays import Label
from augkit.datasets import SPLITS, DataSet, Source, Split
from augkit.datasets.class_folders import class_of
from augkit.datasets.folds import folds_of
from augkit.datasets.joined_groups import joined_groups
from augkit.datasets.lineage import Origin, originals, read_lineage
from augkit.datasets.naming import split_of_folder
from augkit.datasets.split_file import SplitFile
from augkit.datasets.splits import LAW, Wanted, assign, groups_of, wanted_splits
from augkit.datasets.strata import Fractions, classes_of
from augkit.errors import ArgumentError, FileError, SampleError
from augkit.train.tasks import Task

Role = Literal["train", "val", "test"]
ROLES: tuple[Role, ...] = ("train", "val", "test")
# Names of the roles in augkit 0.1. The hash of a training's data is over these for ever: so runs that 0.1 began go on.
ROLES_OF_0_1: dict[Role, str] = {"train": "fit", "val": "choose", "test": "report"}
FRACTIONS: Fractions = {"train": 0.7, "val": 0.15, "test": 0.15}
CHOOSING: Fractions = {"train": 0.85, "val": 0.15}  # of train, where the data set has no third part
MOST_NAMED = 3
# Of 30 pictures the 95 % interval of an accuracy is up to 36 points wide; with fewer than 5 of a class, one picture
# moves that class by more than 20 points. Between epochs that differ by less, chance chooses.
FEW, FEW_EACH = 30, 5


@dataclass(frozen=True)
class Part:
    """Pictures with one role, sorted by id."""

    data: DataSet  # where their bytes lie
    sources: tuple[Source, ...]  # their labels are what is to be learnt
    origins: tuple[str, ...]  # the id of the original of each: its own, unless it is a copy

    @property
    def labels(self) -> list[Label]:
        """The label of each picture, which the network is to give."""
        return [source.label for source in self.sources]

    @property
    def is_in_class_folders(self) -> bool:
        """Whether every label is the name of a folder that the original lies in: a class, whatever it looks like."""
        pairs = zip(self.sources, self.origins, strict=True)
        return all(source.label in map(class_of, origin.split("/")[:-1]) for source, origin in pairs)

    def without(self, ids: Iterable[str]) -> Part:
        """Return the part without some pictures."""
        gone = set(ids)
        pairs = [pair for pair in zip(self.sources, self.origins, strict=True) if pair[0].id not in gone]
        return Part(self.data, tuple(source for source, _ in pairs), tuple(origin for _, origin in pairs))


@dataclass(frozen=True)
class Parts:
    """A data set, divided; no original has two roles, nor has a group."""

    train: Part  # learnt from; only here are pictures augmented
    val: Part  # picks the best epoch, may end the training early, and fits the temperature
    test: Part  # the figures are of these
    are_copies: bool = False  # whether `train` was augmented before
    reported_split: Split = "test"  # what the data set calls those that are reported on
    choosing_split: str = "val"  # what it calls those that choose: a part of train where it has no third part
    split: str = ""  # what divided it: its own splits, or fractions
    is_fold: bool = False  # whether others of the same pictures stand beside it
    is_settled: bool = False  # its own splits or a file's did, which no picture leaves
    classes: tuple[str, ...] = ()  # in the data set's own order, as far as it has one
    group_sizes: tuple[int, ...] = ()  # how many originals each group has that --groups names, the fewest first
    hashes: Mapping[str, str] = field(default_factory=dict)  # of originals' files, as an expansion's books have them

    def __getitem__(self, role: Role) -> Part:
        return {"train": self.train, "val": self.val, "test": self.test}[role]


@dataclass
class _Picture:
    """An original with all that the data set holds of it."""

    original: Source
    outputs: list[Source] = field(default_factory=list)
    plain: Source | None = None  # as it lies in the data set itself, not augmented

    def of(self, role: Role, is_home: bool) -> list[Source]:
        """Return all outputs to learn from, or else the plain picture, of the data set or of its source."""
        plain = self.plain if is_home and self.plain is not None else self.original
        return self.outputs if role == "train" else [plain]


def divide(
    data: DataSet,
    split: str | None = None,
    groups: str | None = None,
    seed: int = 0,
    label: str | None = None,
    law: int = LAW,
    together: Sequence[Sequence[str]] = (),
    is_dense: bool = False,
    fold: tuple[int, int] | None = None,
) -> Parts:
    """Give every picture a role: its own split's, or else one of which every class has its share.

    Copies stay with their original, and where an original is needed that the data set does not hold, it is read where
    it lay. Where the data set has train and one more part, that one is reported on, and a part of train chooses.

    The options are those of `TrainConfig`; the law is that of `augkit.datasets.splits`; `together` are sets of ids of
    originals that go to one part, as far as the data set's own splits and those of a file let them. Where the task is a
    dense one, what pictures carry is learnt, and they keep it. With a `fold`, such as (2, 5), the pictures of that one
    of so many are reported on, and a part of the others chooses; with (0, 5) all are learnt from, those of the first
    fold, which stand in both other parts too, among them.

    Raises:
        ArgumentError: `split`, `groups` or `label` do not fit the data set.
        FileError: the originals are not to be found, or a part would be empty.
    """
    wanted = wanted_splits(split)
    lineage = read_lineage(data.root)
    pictures = _pictures(data, lineage, {} if label is None else data.column(label), is_dense)
    sources = [picture.original for picture in pictures]
    found = groups_of(sources, groups, {} if lineage else data.columns, wanted)
    sizes = Counter(found) if groups is not None else Counter[str]()
    own = sources[0].split is not None
    used = wanted or FRACTIONS
    if fold is not None:
        _require_undivided(sources)
        found = joined_groups(sources, found, together)
        folds = folds_of(sources, found, fold[1], seed)
        splits: list[Split | None] = ["test" if its == max(fold[0], 1) else "train" for its in folds]
        roles = _with_every_class(sources, found, _roles(sources, splits, found, seed, law))
    else:
        splits = assign(sources, wanted if own else used, found, seed, law)
        if own or isinstance(used, SplitFile):
            split_by_id = {source.id: split for source, split in zip(sources, splits, strict=True)}
            found = joined_groups(sources, found, _within(together, split_by_id))
        elif together:
            found = joined_groups(sources, found, together)
            splits = assign(sources, used, found, seed, law)
        roles = _roles(sources, splits, found, seed, law)
    for role in ROLES:
        if role not in roles:
            advice = "other fractions" if fold is None else f"fewer --folds than {fold[1]}"
            what = f"must leave pictures for {role}, got none of {len(sources):,}. Give more, or {advice}."
            raise FileError(what, str(data.root))
    home = data if all(p.plain or role == "train" for p, role in zip(pictures, roles, strict=True)) else None
    if home is None and is_dense:
        advice = "Expand with --split, or with --originals include."
        what = f"must hold the originals that are judged by, with what they carry, got copies alone. {advice}"
        raise FileError(what, str(data.root))
    plain = home or originals(data.root, lineage)
    made: dict[Role, Part] = {}
    for role in ROLES:
        wanted_roles = _standing(role, fold is not None and fold[0] == 0)
        of_role = [picture for picture, its in zip(pictures, roles, strict=True) if its in wanted_roles]
        pairs = [(source, picture.original.id) for picture in of_role for source in picture.of(role, home is not None)]
        pairs.sort(key=lambda pair: pair[0].id)
        place = data if role == "train" else plain
        made[role] = Part(place, tuple(s for s, _ in pairs), tuple(origin for _, origin in pairs))
    are_copies = any(origin.copy is not None for origin in lineage.values())
    return Parts(
        **made,
        are_copies=are_copies,
        reported_split="test" if "test" in splits else "val",
        choosing_split="val" if {"val", "test"} <= set(splits) else "part of train",
        is_fold=fold is not None,
        split="the data set's own" if own else _told(used) if fold is None else _told_fold(*fold),
        is_settled=own or isinstance(used, SplitFile),
        classes=_classes(data, sources),
        group_sizes=tuple(sorted(sizes.values())),
        hashes={origin.source.id: origin.sha256 for origin in lineage.values()},
    )


def _require_undivided(sources: Sequence[Source]) -> None:
    own = next((source for source in sources if source.split is not None), None)
    if own is not None:
        advice = "Name the folder of one of its parts as DATA, or leave --folds out."
        what = f"must go with a data set that is not divided, got {own.id} in {own.split}. {advice}"
        raise ArgumentError(what, "folds")


def _with_every_class(sources: Sequence[Source], groups: Sequence[str], roles: Sequence[Role]) -> list[Role]:
    """Return the roles, where groups that choose are learnt from if nothing else of a class of theirs is."""
    learnt = {
        name for source, role in zip(sources, roles, strict=True) if role == "train" for name in classes_of(source)
    }
    rows = list(zip(sources, groups, roles, strict=True))
    lacking = {group for source, group, role in rows if role == "val" and not learnt.issuperset(classes_of(source))}
    return ["train" if role == "val" and group in lacking else role for _, group, role in rows]


def _within(sets: Iterable[Sequence[str]], splits: Mapping[str, Split | None]) -> Iterator[list[str]]:
    """Yield those of each set that lie in one split."""
    for ids in sets:
        for split in SPLITS:
            yield [id for id in ids if splits.get(id) == split]


def _classes(data: DataSet, originals: Iterable[Source]) -> tuple[str, ...]:
    """Return the data set's classes; those of the originals, where the folders of an expansion do not tell them."""
    labels = {source.label for source in originals if isinstance(source.label, str)}
    return data.classes if labels <= set(data.classes) or data.form != "folder" else tuple(sorted(labels))


def _standing(role: Role, is_all_learnt: bool) -> tuple[Role, ...]:
    """Return the roles whose pictures stand in a part."""
    if not is_all_learnt:
        return (role,)
    return ROLES if role == "train" else ("test",)


def _told_fold(number: int, count: int) -> str:
    return f"fold {number} of {count}" if number else f"none: all {count} folds are learnt from"


def _told(wanted: Wanted) -> str:
    if isinstance(wanted, SplitFile):
        return wanted.path
    return ",".join(f"{name}={part:g}" for name, part in wanted.items())


def _pictures(
    data: DataSet, lineage: Mapping[str, Origin], column: Mapping[str, str], is_dense: bool
) -> list[_Picture]:
    found: dict[str, _Picture] = {}
    for source in data.sources:
        origin = lineage.get(source.id)
        if lineage and origin is None:
            advice = "See with augkit verify what else is, or expand into another folder."
            what = f"must hold what augkit expand wrote there alone, got {source.id!r}. {advice}"
            raise FileError(what, str(data.root))
        label = origin.source.label if origin is not None else column[source.id] if column else source.label
        # Of what it carries nothing is learnt, unless the task is a dense one.
        labelled = replace(source, label=label, annotations=source.annotations if is_dense else None)
        original = labelled if origin is None else origin.source
        picture = found.setdefault(original.id, _Picture(original))
        picture.outputs.append(labelled)
        if origin is None or origin.copy is None:
            picture.plain = labelled
    return [found[id] for id in sorted(found)]


def _roles(
    sources: Sequence[Source], splits: Sequence[Split | None], groups: Sequence[str], seed: int, law: int
) -> list[Role]:
    if {"val", "test"} <= set(splits):
        return [split or "train" for split in splits]
    places = [place for place, split in enumerate(splits) if split == "train"]
    mine = [replace(sources[place], split=None) for place in places]
    # Another hash than the one that may have left these groups in train.
    names = [f"chooses: {groups[place]}" for place in places]
    chosen = dict(zip(places, assign(mine, CHOOSING, names, seed, law), strict=True))
    return [chosen.get(place) or "test" for place in range(len(splits))]


def require_learnable(parts: Parts, task: Task) -> list[str]:
    """Check that there is something to learn of every class, and return what else is odd, in sentences."""
    if task.moves:
        return list(_told_unlearnt(parts))
    for role in ROLES:
        for source in parts[role].sources:
            try:
                lost = next((name for name in task.named(source.label) if name not in task.names), None)
                if lost is None:
                    task.encode(source.label)
                    continue
            except SampleError as fault:
                raise fault.at(source.id) from fault.__cause__
            raise _unlearnable(lost, parts, task)
    if not task.has_one:
        return []
    counts = {role: originals_of(parts[role], task) for role in ROLES}
    lost = next((name for name in task.names if not counts["train"][name]), None)
    if lost is not None:
        raise _unlearnable(lost, parts, task)
    told = []
    for role, place in (("val", "validation"), ("test", "test")):
        absent = [name for name in task.names if not counts[role][name]]
        if absent:
            more = f" and {len(absent) - MOST_NAMED:,} more" if len(absent) > MOST_NAMED else ""
            names, verb = ("Class", "has") if len(absent) == 1 else ("Classes", "have")
            told.append(f"{names} {', '.join(absent[:MOST_NAMED])}{more} {verb} no picture in {place}.")
    return told


def _told_unlearnt(parts: Parts) -> Iterator[str]:
    """Say which classes of objects are asked for in pictures that judge, and in none that is learnt from.

    Raises:
        SampleError: no picture that is learnt from has an object, and others have.
    """
    held = {role: Counter(name for source in parts[role].sources for name in source.box_labels) for role in ROLES}
    asked = held["val"] + held["test"]
    if asked and not held["train"]:
        what = f"must be in training pictures too, got {asked.total():,} in validation and test alone"
        raise SampleError(f"{what}. Give more of them, or another --split-seed.", "objects")
    lost = sorted(asked.keys() - held["train"].keys())
    if lost:
        named = ", ".join(f"{name!r} {asked[name]:,}" for name in lost[:MOST_NAMED])
        more = f" and {len(lost) - MOST_NAMED:,} more" if len(lost) > MOST_NAMED else ""
        what = "A class has" if len(lost) == 1 else f"{len(lost):,} classes have"
        yield (
            f"{what} objects in validation and test, and none in a training picture: {named}{more}. They count as"
            " missed. Give more pictures of them, or another --split-seed."
        )


def told_groups(parts: Parts) -> Iterator[str]:
    """Say what the option of groups came to, of which a slip of the pen makes none or one."""
    sizes = parts.group_sizes
    if not sizes:
        return
    told = f"{sum(sizes):,} pictures are in {len(sizes):,} group{'s' * (len(sizes) != 1)}"
    if sizes[-1] == 1:
        yield f"{told} of one picture each: --groups keeps nothing together."
    else:
        yield f"{told}, the largest of {sizes[-1]:,}; none lies in two parts."


def told_few(count: int, task: Task) -> Iterator[str]:
    """Say so where few pictures choose the epoch that is kept."""
    least = max(FEW, FEW_EACH * task.outputs * task.has_one)
    if count < least:
        rule = f"{FEW}" if least == FEW else f"{FEW_EACH} of each class"
        pictures = "validation picture chooses" if count == 1 else "validation pictures choose"
        only = f"Only {count:,} {pictures} the best epoch, fewer than {rule}"
        yield f"{only}: which it is, is partly chance. Give more, or pass --keep last."


def originals_of(part: Part, task: Task) -> Counter[str]:
    """Return how many originals there are of every class or label."""
    pairs = zip(part.labels, part.origins, strict=True)
    return Counter(name for name, _ in {(name, origin) for label, origin in pairs for name in task.named(label)})


def _unlearnable(name: str, parts: Parts, task: Task) -> SampleError:
    elsewhere = sum(originals_of(parts[role], task)[name] for role in ("val", "test"))
    what = "class" if task.has_one else "label"
    got = f"its {elsewhere:,} in validation and test" if elsewhere else "none at all"
    return SampleError(f"must have training pictures, got {got}. Give more, or take it out.", f"{what} {name!r}")


def empty_classes(data: DataSet) -> list[str]:
    """Return the class folders without a picture."""
    if data.form != "folder" or not data.root.is_folder():
        return []
    tops = [name for name in data.root.names() if data.root.is_folder(name)]
    if data.sources[0].split is None:
        return [name for name in tops if name not in _folders_at(data, 0)]
    below = {name for top in tops if split_of_folder(top) for name in data.root.names(top)}
    return sorted(below - _folders_at(data, 1))


def _folders_at(data: DataSet, level: int) -> set[str]:
    """Return the folders at a level, 0 at the top, that pictures lie in."""
    return {parts[level] for source in data.sources if len(parts := source.id.split("/")) > level + 1}
