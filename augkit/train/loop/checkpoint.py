"""Checkpoints of a training, written so that a loss of power at any moment costs some steps and no bit of the result.

A checkpoint ends with a hash of all before it. The one before is kept beside it: if the last is damaged, it counts.
"""

import io
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from augkit.errors import require_answer
from augkit.storage.durable import rename, replace_with, sync_folder, unlink, write
from augkit.train.files.tensor_files import loaded
from augkit.train.train_errors import Unwritten, readable, written

SEAL = b"augkit checkpoint "
DIGEST = 64  # hex digits

Content = dict[str, Any]  # tensors and plain data


class Checkpoints:
    """Hold the last and the best state of a training in a folder; `tell` is given a sentence where one is damaged.

    Where one cannot be written, `Unwritten` is raised, and what was there is still there.
    """

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self.folder, self.tell = folder, tell
        self.last, self.previous, self.best = (folder / f"{name}.pt" for name in ("last", "previous", "best"))

    def save_best(self, content: Content) -> None:
        """Keep the best state; what is `save`d after it may name it."""
        with written(self.best):
            self.folder.mkdir(parents=True, exist_ok=True)
            replace_with(self.best, _sealed(content))

    def save(self, content: Content) -> None:
        """Keep a state, and the one before."""
        fresh = self.folder / "next.pt"
        with written(self.last):
            self.folder.mkdir(parents=True, exist_ok=True)
            unlink(os.fspath(fresh))
            write(os.fspath(fresh), [_sealed(content)], is_synced=True)
            if self.last.exists():
                rename(os.fspath(self.last), os.fspath(self.previous))
            rename(os.fspath(fresh), os.fspath(self.last))
            sync_folder(os.fspath(self.folder))

    def load(self) -> Content | None:
        """Return the last state that is whole, or None where the training begins, or has to begin again."""
        for path in (self.last, self.previous):
            content = self._read(path)
            if content is None:
                continue
            if content["state"]["best_epoch"] >= 0 and self._read(self.best) is None:
                self.tell(f"{self.best} is missing or damaged: the training begins again.")
                return None
            if path == self.previous:
                self.tell(f"{self.last} is missing or damaged: the training goes on from the checkpoint before it.")
            return content
        with readable(self.folder):
            is_there = self.last.exists() or self.previous.exists()
        if is_there:
            self.tell(f"{self.last} is damaged: the training begins again.")
        return None

    def best_state(self) -> dict[str, Tensor]:
        """Return the best weights."""
        content = self._read(self.best)
        if content is None:
            raise Unwritten("must be as it was written, got a damaged file. Run the command again.", str(self.best))
        state: dict[str, Tensor] = content["network"]
        return state

    def _read(self, path: Path) -> Content | None:
        """Return what a checkpoint holds; None of one that is damaged, or not there."""
        with readable(path):  # or an outage of a second would cost all that was learnt
            if not path.is_file():  # a pipe would never end
                return None
            data = require_answer(path.read_bytes())
        payload, seal = data[: -len(SEAL) - DIGEST], data[-len(SEAL) - DIGEST :]
        if seal != SEAL + sha256(payload).hexdigest().encode():
            return None
        return _content(payload)


def _content(payload: bytes) -> Content | None:
    """Return a state, or None where its seal fits and it is none: somebody else wrote it."""
    try:
        content = loaded(payload)
    except MemoryError:
        raise
    except Exception:  # whatever torch's parser stumbles on
        return None
    return content if isinstance(content, dict) and isinstance(content.get("network"), dict) else None


def _sealed(content: Content) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    payload = buffer.getvalue()
    return payload + SEAL + sha256(payload).hexdigest().encode()
