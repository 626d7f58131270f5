"""Copies that were found once: the same pictures need not be compared again.

They lie beside the features of a frozen network, as what is known of each picture does: the hash of all that is
compared names the pairs that were found.
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pydantic

from augkit.storage.durable import replace_with
from augkit.storage.sealed_json import sealed, unsealed
from augkit.storage.trust import is_own
from augkit.train.copies.copy_verdicts import Copy, Shown, copies
from augkit.train.train_errors import readable, written

FILE = "copies.json"
LAW = 1  # of the verdicts; what was found by another is found again
MOST = 16  # sets of pictures


class _File(pydantic.BaseModel):
    """Contents of the file."""

    law: int
    found: dict[str, tuple[Copy, ...]]


def known_copies(folder: Path | None, pictures: Sequence[Shown]) -> tuple[Copy, ...]:
    """Return the pairs of pictures that are copies: what a folder says of them, or else found.

    Raises:
        Unreachable: it cannot be read now.
    """
    known = {} if folder is None else _read(folder / FILE).found
    name = _named(pictures)
    return known[name] if name in known else copies(tuple(pictures))


def keep_copies(folder: Path, pictures: Sequence[Shown]) -> None:
    """Add what is found of pictures to what a folder says; of many sets of them the oldest are forgotten.

    Raises:
        Unwritten: there is no room for it, or no right to.
    """
    known = _read(folder / FILE).found
    name = _named(pictures)
    if name in known:
        return
    kept = dict([*known.items()][-MOST + 1 :]) | {name: copies(tuple(pictures))}
    with written(folder / FILE, ", or pass --no-cache"):
        folder.mkdir(parents=True, exist_ok=True)
        replace_with(folder / FILE, sealed(_File(law=LAW, found=kept).model_dump(mode="json")))


def _read(path: Path) -> _File:
    """Return what a file says; nothing if it is damaged, not ours, or of another law."""
    nothing = _File(law=LAW, found={})
    with readable(path):
        try:
            data = path.read_bytes() if path.is_file() and is_own(path) else b""
        except FileNotFoundError:
            return nothing
    try:
        found = _File.model_validate(unsealed(data))
    except pydantic.ValidationError:
        return nothing
    return found if found.law == LAW else nothing


def _named(pictures: Sequence[Shown]) -> str:
    digest = sha256()
    for one in pictures:
        digest.update("\0".join((*one, "")).encode("utf-8", "surrogatepass"))  # ids that are not UTF-8
    return digest.hexdigest()
