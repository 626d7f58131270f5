"""Names that every file system takes, made of texts; they may meet, and digits tell them apart."""

import unicodedata
from hashlib import blake2b

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


def digest(text: str, digits: int = MORE_DIGITS) -> str:
    """Return hexadecimal digits that tell texts apart, in an order that has nothing to do with theirs."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()[:digits]
