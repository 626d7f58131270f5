"""Names of files and folders: which are pictures, and which split something belongs to."""

import posixpath
import re
from collections.abc import Callable, Iterable

from augkit.core.arrays import Json
from augkit.datasets.data_set import Split
from augkit.errors import FileError, closest
from augkit.images import PICTURE_SUFFIXES
from augkit.storage.trust import inside

# Those that Hugging Face `datasets` knows, too, but for eval, which others take for val.
SPLIT_NAMES: dict[str, Split] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
# Words that say nothing about what else a split's file or folder is about.
_NEUTRAL = frozenset(
    word
    for line in (
        "of set sets split data dataset image images img imgs picture pictures label labels annotation annotations",
        "instances keypoints boxes bbox objects part shard file files list index coco json jsonl csv tsv txt xml yaml",
        "yml parquet arrow tar tgz gz bz xz zst zip",
    )
    for word in line.split()
)
_WORDS = re.compile(r"[a-z]+")


def is_picture(path: str) -> bool:
    """Return whether a file is a picture by its name; its content is for the decoder to judge.

    >>> is_picture("roses/A.JPG"), is_picture("jpg")
    (True, False)
    """
    _, dot, suffix = path.rpartition(".")
    return f"{dot}{suffix}".lower() in PICTURE_SUFFIXES


def split_in(name: str) -> Split | None:
    """Return the split that the name of a file ends with, before numbers, suffixes and words such as ``images``.

    >>> split_in("instances_val2017"), split_in("imagenet-train-0001"), split_in("train-00000-of-00001.parquet")
    ('val', 'train', 'train')
    >>> split_in("test_tubes.parquet"), split_in("training_shoes"), split_in("train_val.json"), split_in("contest")
    (None, None, None, None)
    """
    words = [word for word in _WORDS.findall(name.lower()) if word not in _NEUTRAL]
    named = {SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES}
    return named.pop() if len(named) == 1 and words[-1] in SPLIT_NAMES else None


def split_of_folder(name: str) -> Split | None:
    """Return the split that a folder's name is, and nothing else.

    >>> split_of_folder("Train"), split_of_folder("test_set"), split_of_folder("val2017"), split_of_folder("testing")
    ('train', 'test', 'val', 'test')
    >>> split_of_folder("cat_train"), split_of_folder("training_shoes"), split_of_folder("images")
    (None, None, None)
    """
    words = [word for word in _WORDS.findall(name.lower()) if word not in _NEUTRAL]
    return SPLIT_NAMES.get(words[0]) if len(words) == 1 else None


def split_of_path(path: str) -> Split | None:
    """Return the split that a file's name ends with, or else the one that the folder is that it lies in.

    >>> split_of_path("x/test/val-0.tar"), split_of_path("x/test/0.tar"), split_of_path("test/x/0.tar")
    ('val', 'test', None)
    """
    folder, _, name = path.rpartition("/")
    return split_in(name) or split_of_folder(folder.rpartition("/")[2])


def splits_of(paths: Iterable[str], note: Callable[[str], None], where: str) -> dict[str, Split | None]:
    """Return the split of each of a data set's files, told by names; none where names are no splits.

    A name alone may mean anything: it is a split where every file has one. Where only some have one, and all of these
    the same, it is taken for none, which is told.

    Args:
        paths: of files that hold pictures or their labels.
        note: takes what the user is to be told.
        where: the data set lies, for messages.

    Raises:
        FileError: several splits are named, and some files name none.
    """
    found = {path: split_of_path(path) for path in paths}
    named = dict.fromkeys(split for split in found.values() if split)
    odd = next((path for path, split in found.items() if split is None), None)
    if odd is None or not named:
        return found
    some = next(path for path, split in found.items() if split)
    if len(named) > 1:
        what = f"must be in a split as others are ({some!r} is in {found[some]}), got a file of none, {odd!r}"
        raise FileError(f"{what}. Name its split, as train-{odd.rpartition('/')[2]}, or take it out.", where)
    note(f"There are no splits: {some!r} names one, but {odd!r} does not.")
    return dict.fromkeys(found)


def split_named(value: Json, where: str) -> Split | None:
    """Return the split that a field of the data names; None where it says nothing.

    Raises:
        FileError: it is the name of none.
    """
    if value is None:
        return None
    if not isinstance(value, str) or value.lower() not in SPLIT_NAMES:
        near = closest(str(value), SPLIT_NAMES)
        raise FileError(f"must be train, val or test, got {value!r:.60}.{near}", f"{where} split")
    return SPLIT_NAMES[value.lower()]


def path_below(path: str, where: str) -> str:
    """Return a path that the data names, without its detours.

    Raises:
        FileError: it leads out of the data set's folder; the sentence begins with `where`.
    """
    try:
        return posixpath.normpath(inside(path))
    except FileError as fault:
        raise FileError(fault.message, where) from None
