"""Pictures that are known to be sound: those that were decoded once need not be decoded to be known again.

A picture is known by the hash of its bytes, so that its name does not count, and the file says by which versions of the
decoders: others may refuse it, or find another size. It lies beside the features of a frozen network, which are what
makes the decoding of all pictures the longest part of a run.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import pydantic

from augkit.storage.durable import replace_with
from augkit.storage.sealed_json import sealed, unsealed
from augkit.storage.trust import is_own
from augkit.train.files.artefact import DECIDING, versions
from augkit.train.train_config import TrainConfig
from augkit.train.train_errors import readable, written

FILE = "sound.json"


class Sound(NamedTuple):
    """What decoding a picture tells: its height, width and channels, and its look."""

    height: int
    width: int
    channels: int
    look: str


class _File(pydantic.BaseModel):
    """Contents of the file."""

    decoders: dict[str, str]
    looks: dict[str, Sound]


def features_folder(config: TrainConfig) -> Path | None:
    """Return where a frozen network's features are kept, or None where they are not."""
    if config.cache is True:
        return Path(config.out) / "features"
    return Path(config.cache) if config.cache else None


def known_sound(folder: Path | None) -> dict[str, Sound]:
    """Return what a folder says of pictures, by the hash of their bytes; nothing if its file is damaged or not ours.

    Raises:
        Unreachable: it cannot be read now.
    """
    if folder is None:
        return {}
    path = folder / FILE
    with readable(path):
        try:
            data = path.read_bytes() if path.is_file() and is_own(path) else b""
        except FileNotFoundError:
            return {}
    try:
        found = _File.model_validate(unsealed(data))
    except pydantic.ValidationError:
        return {}
    return found.looks if found.decoders == _decoders() else {}


def keep_sound(folder: Path, pictures: Mapping[str, Sound]) -> None:
    """Add pictures to what a folder says of them.

    Raises:
        Unwritten: there is no room for it, or no right to.
    """
    known = known_sound(folder)
    if all(digest in known for digest in pictures):
        return
    content = _File(decoders=_decoders(), looks={**known, **pictures})
    with written(folder / FILE, ", or pass --no-cache"):
        folder.mkdir(parents=True, exist_ok=True)
        replace_with(folder / FILE, sealed(content.model_dump(mode="json")))


def _decoders() -> dict[str, str]:
    wanted: Iterable[str] = (name for name in DECIDING if name != "torch")
    own = versions()
    return {name: own[name] for name in wanted}
