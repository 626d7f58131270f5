"""Origins: sources as their copies are made of them, read and decoded once."""

from dataclasses import dataclass

import numpy as np

from augkit.core.arrays import Image, JsonObject
from augkit.core.key import Key
from augkit.core.shrunk import SCALES, scale_of, stand_in_of
from augkit.datasets import DataSet, Split
from augkit.datasets.places import in_books
from augkit.datasets.samples import mask_of, sample_of
from augkit.errors import FileError, Unreachable, raise_outage
from augkit.expand.job import Job
from augkit.expand.work_plan import Task
from augkit.images import Waiting, decode, in_bytes, waiting
from augkit.images.colour_profiles import Fate, littlecms_version
from augkit.pipeline import Pipeline
from augkit.storage.sealed_json import compact, sha256_of
from augkit.targets.sample import Sample
from augkit.targets.scene import Scene

FINGERPRINT_PX = 256  # of the shorter side, that a picture is looked at with where it need not be decoded whole


@dataclass(frozen=True)
class Origin:
    """A source, with what the lines of all its outputs begin and end with, as JSON, and its profile's fate.

    Args:
        data: its file.
        sample: the source; of one that is waiting to be decoded at the scale that each plan needs, the picture is a
            stand-in of its size.
        scene: of the sample.
        sha256: of the file.
        head, tail: of the lines.
        profile: the fate.
        levels: what black and white are, to look at it.
        waiting: its picture, if it waits.
    """

    data: bytes
    sample: Sample
    scene: Scene
    sha256: str
    head: str
    tail: str
    profile: Fate
    levels: tuple[float, float] | None = None
    waiting: Waiting | None = None

    def looked_at(self) -> Image:
        """Return the picture, or a smaller one, to tell it from others: as large for every source of its size."""
        if self.waiting is not None:
            shorter = min(self.scene.size)
            return self.waiting.at(next((scale for scale in SCALES if shorter >= scale * FINGERPRINT_PX), 1)).image
        sample = self.sample
        return sample.image if self.levels is None else in_bytes(sample.image, sample.alpha, self.levels)


def read_origin(job: Job, data: DataSet, split: Split | None, task: Task) -> Origin:
    """Read a source and decode it, or as much of it as its first copy needs: whether it is damaged is seen here.

    Raises:
        Unreachable, OutOfMemory: it cannot be read now, whatever it holds.
        FileError: it cannot be read at all; the sentence tells no place of this machine.
        DecodeError: it cannot be decoded.
        SampleError: its annotations do not fit it.
    """
    source, config = task.source, job.config
    try:
        content = data.read(source.place or source.id)
        if isinstance(source.place, str | None) and len(content) != source.size:  # cut short on its way, or replaced
            what = f"must have {source.size:,} bytes, as when it was listed, got {len(content):,}."
            raise Unreachable(what, f"{data.root}/{source.place or source.id}")
        mask = mask_of(data, source)
    except FileError as fault:
        raise_outage(fault)
        raise FileError(fault.message) from fault.__cause__  # the books tell no place of this machine
    pipeline = job.pipeline_of(source.label)
    levels, depth = job.levels_of(source.label), dict[str, object]()
    later = waiting(content, config.mode) if pipeline.policy.decode == "scaled" else None
    if later is not None:
        sample = sample_of(source, stand_in_of(later.shape), False, mask)
        key = Key(config.seed, source.id, task.first)
        decoded = later.decoded(_first_scale(pipeline, key, Scene.of(sample)) if task.copies else SCALES[0])
    else:
        decoded = decode(content, config.mode)
        image = decoded.image
        if job.is_in_bytes and image.dtype != np.uint8:
            image = in_bytes(image, decoded.alpha, levels)
            depth = {"depth": 8, **({} if levels is None else {"levels": levels})}
        sample = sample_of(source, image, decoded.alpha, mask)
    sha256 = sha256_of(content)
    head = {
        "source": source.id,
        "source_sha256": sha256,
        "source_bytes": len(content),
        "group": task.group,
        "class": source.label,
        "split": split,
    }
    if source.place is not None:
        head["place"] = in_books(source.place)
    how: JsonObject = {"quality": config.quality}
    how |= {"mode": config.mode} if config.mode != "keep" else {}
    how |= depth
    how |= {"profile": decoded.profile} if decoded.profile else {}
    by = {"littlecms": littlecms_version()} if decoded.profile == "converted" else {}
    tail = compact(how | {"versions": dict(job.versions) | by})[1:]
    ends = compact(head)[1:-1], tail
    return Origin(content, sample, Scene.of(sample), sha256, *ends, decoded.profile, levels, later)


def _first_scale(pipeline: Pipeline, key: Key, scene: Scene) -> int:
    """Return the scale that the first copy needs, 1 of one that cannot be drawn: it is rejected in its turn."""
    try:
        return scale_of(pipeline.draw(key, scene))
    except Exception:  # of any transform
        return 1
