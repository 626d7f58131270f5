"""Data sets: pictures with an id, and what is known of each before a byte of it is read, whatever the format."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from operator import attrgetter
from typing import Literal, Self, TypeAlias, get_args

from augkit.core.arrays import JsonObject, Label
from augkit.core.normal_form import folded, nfc
from augkit.core.spatial import Size
from augkit.datasets.places import Place, read_place
from augkit.errors import ArgumentError, Changed, DecodeError, FileError, SampleError, closest
from augkit.images import Decoded, Mode, Waiting, waiting
from augkit.images.pictures_apart import decode_apart
from augkit.storage.root import Root
from augkit.storage.stamps import Stamp
from augkit.targets import records
from augkit.targets.boxes import Boxes
from augkit.targets.carried import Carried
from augkit.targets.keypoints import Keypoints
from augkit.targets.masks import Masks
from augkit.targets.records import ATTRIBUTES as ATTRIBUTES, Instance, bookkeeping, says

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
Kind: TypeAlias = str  # of what a picture may carry beside its class: one of `KINDS`
KINDS: tuple[Kind, ...] = records.kind_names()
FLAT = "an object without area"  # and left out

_PLAIN = (str, int, type(None))


@dataclass(frozen=True, slots=True, eq=False)
class Annotations:
    """Labels of a picture beside its class.

    Args:
        targets: by kind, in pixels of augkit's frame; boxes are there, even if none, where objects were looked for.
        mask: where its mask lies, a single-channel picture of class numbers of the same size.
        size: (height, width) that the annotations claim, or None; a picture of another size does not fit them.
    """

    targets: Carried
    mask: Place | None = None
    size: Size | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Annotations) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    @property
    def instances(self) -> tuple[Instance, ...] | None:
        """Its objects; none for a picture of the background, None where objects were not looked for."""
        return records.instances_of(self.targets)

    @property
    def text(self) -> str:
        """One line that tells them from others, for the hash of a work plan."""
        return records.text(self.targets, self.mask, self.size)

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of these labels."""
        return frozenset(records.kinds_in(self.targets)) | ({Masks.kind} if self.mask is not None else set())

    def without(self, kind: Kind) -> Self:
        """Return what is left of it without one kind of label, and what is part of that kind's rows."""
        mask = None if kind == Masks.kind else self.mask
        return type(self)(records.without(self.targets, kind), mask, self.size)


@dataclass(frozen=True, slots=True)
class Source:
    """One picture of a data set.

    Args:
        id: its path below the root, posix separators; bytes that are not UTF-8 are surrogates, as `os.fsdecode` says.
        size: in bytes, when the data set was read.
        label: its class, or several, or a number: any JSON value, or None.
        split: the one that the data set puts it in, or None.
        group: what must stay together in a split, as the data set says, or None.
        place: where its bytes lie, if not at `id` below the root.
        annotations: what it carries beside its class.
        fault: why its labels cannot be believed, after the file and line that say them: it is rejected; else empty.
        attributes: facts of the picture that do not move with its pixels, by name.
    """

    id: str
    size: int
    label: Label = None
    split: Split | None = None
    group: str | None = None
    place: Place | None = None
    annotations: Annotations | None = None
    fault: str = ""
    attributes: JsonObject | None = field(default=None, hash=False)

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of labels that it carries beside its class."""
        found = frozenset[Kind]() if self.annotations is None else self.annotations.kinds
        return found | {ATTRIBUTES} if says(self.attributes) else found

    def without(self, kind: Kind) -> Self:
        """Return it without one kind of label; itself where it has none."""
        if kind not in self.kinds:
            return self
        annotations = None if self.annotations is None else self.annotations.without(kind)
        attributes = bookkeeping(self.attributes) if kind == ATTRIBUTES else self.attributes
        return replace(self, annotations=annotations, attributes=attributes)

    @property
    def loose_keypoints(self) -> int:
        """How many keypoints are of the picture as a whole, and of none of its boxes."""
        targets = self.annotations.targets if self.annotations is not None else {}
        found = targets.get(Keypoints.name)
        if not isinstance(found, Keypoints):
            return 0
        return found.keypoint_counts[-1] if found.keypoint_counts and Boxes.name in targets else len(found)

    @property
    def box_labels(self) -> list[str]:
        """The classes of its boxes, one each."""
        boxes = self.annotations.targets.get(Boxes.name) if self.annotations is not None else None
        return [] if boxes is None else boxes.names()

    @property
    def object_labels(self) -> list[str]:
        """The classes of its objects of every kind, one each."""
        targets = self.annotations.targets.values() if self.annotations is not None else ()
        return [name for target in targets for name in target.names()]


@dataclass(frozen=True)
class DataSet:
    """The pictures of a data set, sorted by id.

    Args:
        form: the name of its format, as `augkit formats` lists them.
        root: where it lies.
        sources: its pictures.
        left_out: how many files or objects were left out, as (what they are, how many).
        classes: the names of the classes, in the data set's own order where it has one, else sorted.
        keypoint_names: of COCO, by class: (class, names of its points).
        skeletons: of COCO, by class: (class, pairs of points counted from 1).
        columns: of a table: what else it says of the sources, one text a source in their order.
        about: facts of the whole data set, by the names that formats give them; JSON.
        ignored: how many files, columns and keys were left as they were asked to be, as (pattern, how many).
        notes: sentences that the user is to be told.
        mode: that pictures are decoded in: see `augkit.images.modes`.
        stamps: of the files that hold pictures beside something else, as they were when they were read.
    """

    form: str
    root: Root
    sources: tuple[Source, ...]
    left_out: tuple[tuple[str, int], ...] = ()
    classes: tuple[str, ...] = ()
    keypoint_names: tuple[tuple[str, tuple[str, ...]], ...] = ()
    skeletons: tuple[tuple[str, tuple[tuple[int, int], ...]], ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    about: JsonObject = field(default_factory=dict)
    ignored: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()
    mode: Mode = "keep"
    stamps: Mapping[str, Stamp] = field(default_factory=dict, compare=False)

    @classmethod
    def of(
        cls,
        form: str,
        root: Root,
        sources: Iterable[Source],
        left_out: Counter[str],
        classes: Iterable[str] | None = None,
    ) -> Self:
        """Return a data set of sources in any order; without `classes` they are those of the pictures, sorted.

        Raises:
            FileError: two have one id, a label cannot be stored, or only some are in a split.
        """
        ordered = tuple(sorted(sources, key=attrgetter("id")))
        if not all(source.id.isascii() for source in ordered):
            ordered = tuple(sorted(ordered, key=_in_order))
        counts = tuple(sorted((what, count) for what, count in left_out.items() if count))
        for source in ordered:
            if not isinstance(source.label, _PLAIN):
                try:
                    json.dumps(source.label, allow_nan=False)
                except (ValueError, RecursionError):  # 1e999 is read as infinity
                    what = "must have a label that JSON can hold, got infinity, or too many levels."
                    raise FileError(what, f"{root} {source.id}") from None
        for left, right in pairwise(ordered):
            if left.id == right.id:
                raise FileError(f"must name every picture once, got {left.id!r} twice. Delete one.", str(root))
        if None in (splits := {source.split for source in ordered}) and len(splits) > 1:
            odd = next(source.id for source in ordered if source.split is None)
            what = f"must put every picture in a split, or none, got {odd!r} in none. Put it in one."
            raise FileError(what, str(root))
        if classes is None:
            classes = sorted({source.label for source in ordered if isinstance(source.label, str)})
        return cls(form, root, ordered, counts, tuple(classes), notes=tuple(_alike(ordered)))

    def column(self, name: str) -> dict[str, str]:
        """Return the texts of a manifest's column, by the id of the source.

        Raises:
            ArgumentError: there is no such column.
        """
        if name not in self.columns:
            if not self.columns:
                advice = "Only a table has columns beside its pictures."
                raise ArgumentError(
                    f"must be of a data set that has some, got {name!r} of {self.form}. {advice}", "column"
                )
            held = ", ".join(self.columns)
            what = f"must be a column of the manifest ({held}), got {name!r}.{closest(name, self.columns)}"
            raise ArgumentError(what, "column")
        return {source.id: value for source, value in zip(self.sources, self.columns[name], strict=True)}

    def decoded(self, source: Source) -> Decoded:
        """Return a picture's pixels, decoded where it harms nobody: see `augkit.images.pictures_apart`.

        Raises:
            FileError: it cannot be read, or its labels cannot be believed.
            DecodeError: it cannot be decoded.
        """
        return self._decoded(self.believed(source), source)

    def opened(self, source: Source) -> Waiting | Decoded:
        """Return a picture that waits to be decoded, or the pixels of one that cannot wait.

        Raises:
            FileError: it cannot be read, or its labels cannot be believed.
            DecodeError: it cannot be decoded, or its header is damaged.
        """
        data = self.believed(source)
        return waiting(data, self.mode, f"{self.root}/{source.id}", decode_apart) or self._decoded(data, source)

    def believed(self, source: Source) -> bytes:
        """Return a picture's file.

        Raises:
            FileError: it cannot be read, or its labels cannot be believed.
        """
        if source.fault:
            raise FileError(source.fault, str(self.root))
        return self.read(source.id if source.place is None else source.place)

    def _decoded(self, data: bytes, source: Source) -> Decoded:
        try:
            return decode_apart(data, self.mode, where=f"{self.root}/{source.id}")
        except (DecodeError, SampleError) as fault:
            raise fault.at(f"{self.root}/{source.id}") from fault.__cause__

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of labels that any of its pictures carry beside their class."""
        return frozenset().union(*(source.kinds for source in self.sources))

    def read(self, place: Place) -> bytes:
        """Return the bytes that lie at a place.

        Raises:
            FileError: they cannot be read.
            Changed: the file that holds them is another one than when its labels were read.
        """
        try:
            data = read_place(self.root, place)
        except FileError:
            self._require_unchanged(place)
            raise
        self._require_unchanged(place)
        return data

    def _require_unchanged(self, place: Place) -> None:
        if isinstance(place, str) or (then := self.stamps.get(place.path)) is None:
            return
        if self.root.stamp(place.path).content != then.content:
            what = "must be as it was when its labels were read, got another file. Let it be, and run again."
            raise Changed(what, f"{self.root}/{place.path}")


def _in_order(source: Source) -> tuple[str, str]:
    """Return what sources are sorted by: the same order for names in whichever normal form they are written."""
    return nfc(source.id), source.id


def _alike(ordered: Sequence[Source]) -> Iterator[str]:
    """Yield a sentence where ids are other names to some file systems, and one to others."""
    hashes = {hash(folded(source.id)) for source in ordered}
    if len(hashes) == len(ordered):
        return
    first: dict[str, str] = {}
    pairs = [(first.setdefault(folded(source.id), source.id), source.id) for source in ordered]
    met = [pair for pair in pairs if pair[0] != pair[1]]
    if met:
        (one, other), more = met[0], f", and {len(met) - 1:,} more" if len(met) > 1 else ""
        how = "normal form" if nfc(one) == nfc(other) else "case"
        yield f"Names differ in {how} alone: {one!a} and {other!a}{more}. They count as different pictures."
