"""Names of outputs: they start with the source's own, are safe on every file system, and never meet.

An output is called ``[class/]<stem>-<8 hex digits of its source's id>-c<copy>.<ext>``. The name depends on the id
alone, so other sources come and go without renaming it. In the one case in a few thousand million where two sources
would get one name, both get 32 digits.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b

from augkit.datasets import Source

__all__ = ["output_stems", "safe"]

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


def output_stems(sources: Sequence[Source]) -> list[str]:
    """Return for every source the path below OUT that its outputs' names begin with, in order."""
    folders = _folders(sorted({source.label for source in sources if source.label is not None}))
    stems = [_stem(source, folders, DIGITS) for source in sources]
    counts = Counter(stem.casefold() for stem in stems)
    if len(counts) == len(stems):
        return stems
    return [
        _stem(source, folders, MORE_DIGITS) if counts[stem.casefold()] > 1 else stem
        for source, stem in zip(sources, stems, strict=True)
    ]


def _stem(source: Source, folders: dict[str, str], digits: int) -> str:
    name = source.id.rpartition("/")[2]
    stem = f"{safe(name.rpartition('.')[0])}-{_digest(source.id, digits)}"
    return stem if source.label is None else f"{folders[source.label]}/{stem}"


def _folders(labels: Sequence[str]) -> dict[str, str]:
    """Return the folder of every class: its own name, and digits where it had to be changed or another is too alike."""
    counts = Counter(label.casefold() for label in labels)
    return {
        label: label
        if safe(label, CLASS_BYTES) == label and counts[label.casefold()] == 1
        else f"{safe(label, CLASS_BYTES)}-{_digest(label, DIGITS)}"
        for label in labels
    }


def _digest(text: str, digits: int) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()[:digits]
