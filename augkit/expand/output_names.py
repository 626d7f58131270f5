"""Names of outputs: they start with the source's own, are safe on every file system, and never meet.

An output is called ``[class/]<stem>-<8 hex digits of its source's id>-c<copy>.<ext>``. The name depends on the id
alone, so other sources come and go without renaming it. In the one case in a few thousand million where two sources
would get one name, both get 32 digits. Ids are taken in Unicode's NFC, so that a copy of the sources on a file system
that writes names otherwise gives the same names; two ids that differ in that alone are told apart by their bytes.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import blake2b

import numpy as np

from augkit.core.arrays import Label
from augkit.core.normal_form import folded, nfc
from augkit.datasets.class_folders import folders_of
from augkit.datasets.data_set import Source
from augkit.images import suffix_of

STEM_BYTES = 120
CLASS_BYTES = 160  # with everything that is added both stay below 255 bytes
DIGITS, MORE_DIGITS = 8, 32
_KEPT_KINDS = "LMN"  # Unicode's letters, marks and numbers, in every script
_KEPT = frozenset("-_.,+ ()@=")
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{port}{digit}" for port in ("com", "lpt") for digit in range(10)}


def safe(text: str, limit: int = STEM_BYTES) -> str:
    """Return `text` as a file name that Linux, macOS and Windows all take: no separators, controls or odd ends.

    >>> safe("-rf: a/b.c. "), safe("東京 tower"), safe("con.tag"), safe("..")
    ('rf_ a_b.c', '東京 tower', '_con.tag', 'picture')
    """
    if not text.isalnum() or not text.isascii():  # most stems are
        text = unicodedata.normalize("NFC", text)
        text = "".join(c if c in _KEPT or unicodedata.category(c)[0] in _KEPT_KINDS else "_" for c in text)
        text = text.lstrip("-. ")
    text = text.encode()[:limit].decode("utf-8", "ignore").rstrip(". ")
    if text.partition(".")[0].rstrip(" ").lower() in _RESERVED:
        text = f"_{text}"
    return text or "picture"


class Names:
    """Beginnings of the names of a data set's outputs.

    Worked out here is only what one source does not tell: which names would meet.

    Args:
        sources: of the data set.
        folders: of the classes that they have.
    """

    def __init__(self, sources: Iterable[Source], folders: Mapping[str, str] | None = None) -> None:
        known = list(sources)
        self._folders = folders_of(class_names(known)) if folders is None else folders
        # A million stems as hashes take 8 MB, as strings 200.
        hashes = np.fromiter((hash(self._folded(source)) for source in known), np.int64, len(known))
        values, counts = np.unique(hashes, return_counts=True)
        alike = frozenset(values[counts > 1].tolist())
        found = Counter(self._folded(source) for source in known if alike and hash(self._folded(source)) in alike)
        self._met = {stem for stem, count in found.items() if count > 1}

    def stem(self, source: Source) -> str:
        """Return the path, below its split, that a source's outputs' names begin with."""
        is_met = self._met and self._folded(source) in self._met
        return self._stem(source, digest(source.id) if is_met else digest(nfc(source.id), DIGITS))

    def _folded(self, source: Source) -> str:
        return self._stem(source, digest(nfc(source.id), DIGITS)).casefold()

    def _stem(self, source: Source, digits: str) -> str:
        name = source.id.rpartition("/")[2]
        stem = f"{safe(name.rpartition('.')[0])}-{digits}"
        return f"{self._folders[str(source.label)]}/{stem}" if is_class(source.label) else stem


def is_class(label: Label) -> bool:
    """Say whether a label is one class: a name, or a whole number."""
    return isinstance(label, str) or type(label) is int


def class_names(sources: Iterable[Source]) -> set[str]:
    """Return the names of the classes that sources have."""
    return {str(source.label) for source in sources if is_class(source.label)}


def passed_suffix(id: str, content: bytes | None) -> str:
    r"""Return the suffix, with its dot, of a source that is passed through: its own, made safe, if its bytes fit it.

    >>> passed_suffix("a.JPG", b"\xff\xd8\xff"), passed_suffix("a.jpg", b"GIF89a"), passed_suffix("a.b", None)
    ('.jpg', '.gif', '.b')
    """
    _, dot, suffix = id.rpartition("/")[2].rpartition(".")
    own = f".{safe(suffix, CLASS_BYTES - STEM_BYTES).lower()}" if dot else ""
    return own if content is None else suffix_of(content, own)


def folders_before_0_5(labels: Iterable[str]) -> dict[str, str]:
    """Return the folder of every class as augkit up to 0.4 called it, which its books do not tell.

    It is its own name, and digits where it had to be changed or another is too alike.
    """
    labels = sorted(set(labels))
    counts = Counter(map(folded, labels))
    return {
        label: nfc(label)
        if safe(label, CLASS_BYTES) == nfc(label) and counts[folded(label)] == 1
        else f"{safe(label, CLASS_BYTES)}-{digest(label, DIGITS)}"
        for label in labels
    }


def digest(text: str, digits: int = MORE_DIGITS) -> str:
    """Return hexadecimal digits that tell texts apart, in an order that has nothing to do with theirs."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()[:digits]
