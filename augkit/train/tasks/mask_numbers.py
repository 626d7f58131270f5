"""Numbers in masks, and what they mean: which are classes, in which order, and which are ignored."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from augkit.core.arrays import Json, Mask
from augkit.datasets.folders.mask_classes import IGNORED as IGNORED_NAMES
from augkit.errors import SampleError

IGNORED = 255  # the place of what counts nowhere, which no class has
VOID = 255  # of VOC, Cityscapes, ADE20K: the number of what belongs to no class
MOST = IGNORED  # classes; more are numbers of objects, or levels of a picture


@dataclass(frozen=True)
class MaskNumbers:
    """Classes of masks: their names and the numbers that stand for them, in order, and the numbers that are ignored."""

    names: tuple[str, ...]
    numbers: tuple[int, ...]
    ignored: tuple[int, ...] = ()

    def places(self, mask: Mask) -> Mask:
        """Return the places of classes (H, W), uint8, from a mask of numbers; `IGNORED` where a number is none."""
        most = max(*self.numbers, *self.ignored, int(mask.max(initial=0)))
        table = np.full(most + 1, IGNORED, np.uint8)
        table[list(self.numbers)] = np.arange(len(self.numbers))
        found: Mask = table[mask.astype(np.int64) if mask.dtype.kind == "b" else mask]
        return found

    def mask(self, places: Mask) -> Mask:
        """Return a mask of numbers from the places of classes."""
        dtype = np.uint8 if max(self.numbers) <= np.iinfo(np.uint8).max else np.uint16
        found: Mask = np.array(self.numbers, dtype)[places]
        return found


def meaning_of(numbers: Collection[int], about: Mapping[str, Json], is_voc: bool = False) -> MaskNumbers:
    """Return what the numbers that masks hold mean.

    Ignored are what a file of classes calls so (``void``, ``unlabelled``), what the data set says, and 255, unless it
    is the only number beside 0, as in black and white masks, or has a name. Names are the data set's; else 0 is the
    background, and others are called by their number.

    Args:
        numbers: all that are in the masks.
        about: what `DataSet.about` says: ``mask_classes``, names by number, and ``mask_ignore``.
        is_voc: the masks are of Pascal VOC, whose 255 is never a class.

    Raises:
        SampleError: there are no two classes, or too many.
    """
    given = about.get("mask_classes")
    listed = [str(name or "") for name in given] if isinstance(given, list) else []
    said = {number: name for number, name in enumerate(listed) if name}
    ignored = {number for number, name in said.items() if name.lower() in IGNORED_NAMES}
    told = about.get("mask_ignore")
    if isinstance(told, int):
        ignored.add(told)
    is_black_and_white = set(numbers) == {0, VOID} and not is_voc
    if VOID not in said and not is_black_and_white:
        ignored.add(VOID)
    kept = sorted(set(numbers) - ignored)
    if len(kept) < 2:
        got = ", ".join(map(str, sorted(numbers))) or "none"
        advice = "Give every class a number of its own; one of them may be what is around objects."
        raise SampleError(f"must hold two classes at least, got the numbers {got}. {advice}", "masks")
    if len(kept) > MOST:
        advice = "Such numbers tell objects apart, not classes."
        raise SampleError(f"must hold at most {MOST:,} classes, got {len(kept):,}. {advice}", "masks")
    black_and_white = {0: "background", VOID: "foreground"} if is_black_and_white else {0: "background"}
    names = [said.get(number) or black_and_white.get(number) or str(number) for number in kept]
    doubled = {name for name in names if names.count(name) > 1}
    shown = [f"{name} ({number})" if name in doubled else name for name, number in zip(names, kept, strict=True)]
    return MaskNumbers(tuple(shown), tuple(kept), tuple(sorted(ignored)))
