"""Names of outputs: they start with the source's own, are safe on every file system, and never meet.

An output is called ``[class/]<stem>-<8 hex digits of its source's id>-c<copy>.<ext>``. The name depends on the id
alone, so other sources come and go without renaming it. In the one case in a few thousand million where two sources
would get one name, both get 32 digits. Ids are taken in Unicode's NFC, so that a copy of the sources on a file system
that writes names otherwise gives the same names; two ids that differ in that alone are told apart by their bytes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from augkit.core.arrays import Label
from augkit.core.normal_form import nfc
from augkit.datasets.class_folders import folders_of
from augkit.datasets.data_set import Source
from augkit.datasets.safe_names import CLASS_BYTES, DIGITS, STEM_BYTES, digest, safe
from augkit.images import suffix_of


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
