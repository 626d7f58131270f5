"""Keep a training on disk so that a loss of power at any moment costs some steps and no bit of the result.

A checkpoint ends with a hash of all before it. The one before is kept beside it: if the last is damaged, it counts.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from augkit.durable import rename, replace_with, sync_folder
from augkit.errors import AugkitError

__all__ = ["CheckpointError", "Checkpoints"]

SEAL = b"augkit checkpoint "
DIGEST = 64  # hex digits

Content = dict[str, Any]  # tensors and plain data


class CheckpointError(AugkitError):
    """A checkpoint that could not be written: the training ends, and goes on from the one before."""

    exit_code = 1


class Checkpoints:
    """Hold the last and the best state of a training in a folder.

    Args:
        folder: is made with the first checkpoint.
        tell: is given a sentence where a checkpoint is damaged.
    """

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self.folder, self.tell = folder, tell
        self.last, self.previous, self.best = (folder / f"{name}.pt" for name in ("last", "previous", "best"))

    def save_best(self, content: Content) -> None:
        """Keep the best state; what is `save`d after it may name it.

        Raises:
            CheckpointError: it cannot be written; what was there is still there.
        """
        self._write(self.best, content)

    def save(self, content: Content) -> None:
        """Keep a state, and the one before.

        Raises:
            CheckpointError: it cannot be written; what was there is still there.
        """
        fresh = self.folder / "next.pt"
        self._write(fresh, content)
        try:
            if self.last.exists():
                rename(os.fspath(self.last), os.fspath(self.previous))
            rename(os.fspath(fresh), os.fspath(self.last))
            sync_folder(os.fspath(self.folder))
        except OSError as fault:
            raise _unwritable(self.last, fault) from None

    def load(self) -> Content | None:
        """Return the last state that is whole, or None."""
        for path in (self.last, self.previous):
            content = self._read(path)
            if content is not None:
                if path == self.previous:
                    self.tell(f"{self.last} is missing or damaged: the training goes on from the checkpoint before it.")
                return content
        if self.last.exists() or self.previous.exists():
            self.tell(f"{self.last} is damaged: the training begins again.")
        return None

    def load_best(self) -> Content | None:
        """Return the best state, or None where there is none that is whole."""
        return self._read(self.best)

    def _write(self, path: Path, content: Content) -> None:
        buffer = io.BytesIO()
        torch.save(content, buffer)
        payload = buffer.getvalue()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            replace_with(path, payload + SEAL + sha256(payload).hexdigest().encode())
        except OSError as fault:
            raise _unwritable(path, fault) from None

    def _read(self, path: Path) -> Content | None:
        with suppress(OSError):
            data = path.read_bytes()
            payload, seal = data[: -len(SEAL) - DIGEST], data[-len(SEAL) - DIGEST :]
            if seal == SEAL + sha256(payload).hexdigest().encode():
                content: Content = torch.load(io.BytesIO(payload), weights_only=True)
                return content
        return None


def _unwritable(path: Path, fault: OSError) -> CheckpointError:
    advice = "Nothing is lost: make room and run the same command again."
    return CheckpointError(f"must be a file that can be written, got: {fault.strerror}. {advice}", str(path))
