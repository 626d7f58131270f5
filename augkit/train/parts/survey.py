"""Survey of the pictures before a training: each is read once, and what cannot be read is left out."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice
from statistics import median_low
from types import MappingProxyType

from augkit.datasets import Source
from augkit.datasets.looks import shape_and_look
from augkit.datasets.places import Place
from augkit.errors import AugkitError, DecodeError, FileError, SampleError, raise_outage
from augkit.images.pictures_apart import apart
from augkit.storage.patience import Patience
from augkit.train.parts.parts import ROLES, ROLES_OF_0_1, Part, Parts, Role
from augkit.train.parts.sound_pictures import Sound
from augkit.train.tasks.mask_facts import MaskFacts, facts_of_mask, numbers_in

THREADS = 4  # decoding lets others run
AHEAD = 64  # pictures


@dataclass(frozen=True)
class Facts:
    """Facts of a picture: the hash of its bytes, its height, width and channels, and its look."""

    sha256: str
    size: tuple[int, int]
    channels: int
    look: str  # see `augkit.datasets.looks`
    mask: MaskFacts | None = None  # of a task that learns masks


@dataclass(frozen=True)
class Survey:
    """Findings over all pictures."""

    parts: Parts  # without what cannot be read
    facts: Mapping[Role, Mapping[str, Facts]]  # of every picture of each part, by its id
    rejected: tuple[tuple[Role, str, str], ...]  # what was left out: role, id and reason

    @property
    def asked(self) -> dict[str, Facts]:
        """The pictures by which settings are found, by id: those learnt from; of folds all, so that folds have one."""
        roles: tuple[Role, ...] = ROLES if self.parts.is_fold else ("train",)
        return {id: facts for role in roles for id, facts in self.facts[role].items()}

    @property
    def side(self) -> int:
        """The median of the shorter sides of the pictures, in pixels."""
        return median_low(min(facts.size) for facts in self.asked.values())

    @property
    def long_side(self) -> int:
        """The median of the longer sides of the pictures, in pixels."""
        return median_low(max(facts.size) for facts in self.asked.values())

    @property
    def aspect(self) -> float:
        """The median of the pictures, width over height; 1 where many are wide and many are high."""
        found = sorted(facts.size[1] / facts.size[0] for facts in self.asked.values())
        is_one_way = found[len(found) // 4] > 1.0 or found[-1 - len(found) // 4] < 1.0
        return median_low(found) if is_one_way else 1.0

    @property
    def is_grey(self) -> bool:
        """Whether no picture has colour."""
        return all(facts.channels == 1 for role in ROLES for facts in self.facts[role].values())

    @property
    def mask_numbers(self) -> set[int]:
        """All numbers that masks hold, whatever their part."""
        return numbers_in(facts.mask for role in ROLES for facts in self.facts[role].values())

    @property
    def sound(self) -> dict[str, Sound]:
        """What decoding told of each picture, by the hash of its bytes."""
        every = (facts for role in ROLES for facts in self.facts[role].values())
        return {facts.sha256: Sound(*facts.size, facts.channels, facts.look) for facts in every}

    @property
    def fingerprint(self) -> str:
        """The hash of all that the training knows of its pictures, in hex digits: the same as augkit 0.1 computed."""
        return sha256("\n".join(self.lines(ROLES_OF_0_1)).encode()).hexdigest()

    def lines(self, names: Mapping[Role, str] = MappingProxyType({})) -> Iterator[str]:
        """Yield a line of JSON for every picture: all that the training knows of it.

        Args:
            names: of roles that are called otherwise.
        """
        for role in ROLES:
            part = self.parts[role]
            for source, origin in zip(part.sources, part.origins, strict=True):
                entry: dict[str, object] = {
                    "role": names.get(role, role),
                    "id": source.id,
                    "origin": origin,
                    "label": source.label,
                }
                entry["sha256"] = self.facts[role][source.id].sha256
                if source.annotations is not None:  # of dense tasks, which learn it
                    entry["targets"] = sha256(source.annotations.text.encode("utf-8", "backslashreplace")).hexdigest()
                mask = self.facts[role][source.id].mask
                if mask is not None:
                    entry["mask"] = mask.sha256
                yield json.dumps(entry)


Known = dict[tuple[str, str], Facts | AugkitError]  # by root and id


def survey(
    parts: Parts,
    most_rejected: float,
    progress: Callable[[int, int, str], None],
    wait_s: float = 0.0,
    known: Known | None = None,
    sound: Mapping[str, Sound] = MappingProxyType({}),
) -> Survey:
    """Read and decode every picture, of which a fraction of `most_rejected` may be unreadable, but no whole part.

    Only what a picture holds is a reason to leave it out. A disk that is away is waited for, for `wait_s` seconds. What
    is `known` is not read again, and what was read is known then; what is known to be `sound`, by the hash of its
    bytes, is not decoded.

    Raises:
        FileError: too many are unreadable.
        Unreachable: a disk or a store is away, for longer than is waited.
        OutOfMemory: there is too little memory to decode one.
    """
    total = sum(len(parts[role].sources) for role in ROLES)
    patience = Patience(wait_s)
    known = {} if known is None else known
    done, rejected = 0, list[tuple[Role, str, str]]()
    facts: dict[Role, dict[str, Facts]] = {}
    for role in ROLES:
        facts[role] = {}
        for source, found in _looked_at(parts[role], patience, known, sound):
            progress(done := done + 1, total, " pictures read")
            if isinstance(found, Facts):
                facts[role][source.id] = found
            else:
                rejected.append((role, source.id, str(found)))
    if len(rejected) > most_rejected * total:
        what = f"must be readable but for {most_rejected:.1%}, got {len(rejected):,} of {total:,} that are not"
        advice = "Mend them, or pass a greater --max-rejected."
        raise FileError(f"{what}. The first: {rejected[0][2]} {advice}", str(parts.train.data.root))
    for role in ROLES:
        if not facts[role]:
            raise FileError(f"must leave pictures for {role}, got none that can be read.", str(parts[role].data.root))
    train, val, test = (parts[role].without(id for its, id, _ in rejected if its == role) for role in ROLES)
    return Survey(replace(parts, train=train, val=val, test=test), facts, tuple(rejected))


def _decoded(where: str, data: bytes) -> Sound:
    shape, look = apart(where, shape_and_look, data)
    return Sound(shape[0], shape[1], 1 if len(shape) == 2 else shape[2], look)


def _looked_at(
    part: Part, patience: Patience, known: Known, sound: Mapping[str, Sound]
) -> Iterator[tuple[Source, Facts | AugkitError]]:
    is_over = threading.Event()

    def alive() -> None:
        if is_over.is_set():
            raise CancelledError

    def look(source: Source) -> Facts | AugkitError:
        key = str(part.data.root), source.id
        return known[key] if key in known else known.setdefault(key, read(source))

    def read(source: Source) -> Facts | AugkitError:
        where = f"{part.data.root}/{source.id}"
        if source.fault:  # as of a row that names no picture that is there: no outage
            return FileError(source.fault, str(part.data.root))
        try:
            place = source.id if source.place is None else source.place
            data = patience.asked(lambda: part.data.read(place), alive)
            digest = sha256(data).hexdigest()
            seen = sound[digest] if digest in sound else _decoded(where, data)
        except DecodeError as fault:
            raise_outage(fault, where)
            return fault.at(where)
        except FileError as fault:
            raise_outage(fault, where)
            return fault
        except MemoryError as fault:
            raise_outage(fault, where)
            raise
        found = Facts(digest, (seen.height, seen.width), seen.channels, seen.look)
        mask = None if source.annotations is None else source.annotations.mask
        return found if mask is None else with_mask(source, mask, found)

    def with_mask(source: Source, place: Place, picture: Facts) -> Facts | AugkitError:
        where = f"{part.data.root}/{source.id} mask"
        try:
            data = patience.asked(lambda: part.data.read(place), alive)
            return replace(picture, mask=facts_of_mask(part.data, source, data, picture.size))
        except (DecodeError, SampleError, FileError) as fault:
            raise_outage(fault, where)
            return fault
        except MemoryError as fault:
            raise_outage(fault, where)
            raise

    pool = ThreadPoolExecutor(THREADS)
    try:
        rest = iter(part.sources)
        while some := list(islice(rest, AHEAD)):  # not all at once: nobody stops what a pool has been given
            yield from zip(some, pool.map(look, some), strict=True)
    finally:
        is_over.set()
        pool.shutdown(wait=False, cancel_futures=True)  # a read may wait for a disk that is gone
