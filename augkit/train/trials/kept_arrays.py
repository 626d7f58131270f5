"""Arrays that are kept as files, the hash of their bytes behind them: what is damaged is noticed, and made again."""

import json
from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np

from augkit.core.arrays import Array
from augkit.storage.durable import replace_with
from augkit.train.train_errors import readable, written

SEAL = 64  # hex digits behind the numbers


def place_of_array(folder: Path, deciding: Mapping[str, object], ending: str) -> Path:
    """Return the file for an array that is decided by plain data: nothing else is ever taken for it."""
    text = json.dumps(deciding, sort_keys=True)
    return folder / f"{sha256(text.encode()).hexdigest()[:32]}.{ending}"


def keep(path: Path, array: Array) -> None:
    """Write an array, the whole of it or nothing.

    Raises:
        Unwritten: it cannot be written.
    """
    buffer = BytesIO()
    np.save(buffer, array, allow_pickle=False)
    data = buffer.getvalue()
    with written(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_with(path, data + sha256(data).hexdigest().encode())


def kept(path: Path) -> Array | None:
    """Return an array as it was kept, or None where there is none that is whole.

    Raises:
        Unreachable: it cannot be read now.
    """
    with readable(path):
        try:
            whole = path.read_bytes()
        except FileNotFoundError:
            return None
    data, seal = whole[:-SEAL], whole[-SEAL:]
    if sha256(data).hexdigest().encode() != seal:
        return None
    found: Array = np.load(BytesIO(data), allow_pickle=False)
    return found
