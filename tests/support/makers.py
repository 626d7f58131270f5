"""Makers of batches without pictures, whose processes end in various ways; workers unpickle them."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from augkit.loader import Draw
from augkit.train.batches.batch_pool import Made

SIDE = 16


@dataclass
class Maker:
    """Makes pictures that hold their index; its process ends while it makes number `fatal`."""

    folder: Path  # where it leaves word that it was there
    fatal: int = -1
    ends: int = 0  # how often
    side: int = SIDE
    while_sending: bool = False  # it ends a moment after the picture is made

    def name(self, draw: Draw) -> str:
        return f"picture {draw.index}"

    def one(self, draw: Draw) -> Made:
        if draw.index == self.fatal and len(list(self.folder.glob("dead-*"))) < self.ends:
            (self.folder / f"dead-{time.monotonic_ns()}").touch()
            if not self.while_sending:
                os.kill(os.getpid(), signal.SIGKILL)
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGKILL)).start()
        return (torch.full((1, self.side, self.side), draw.index, dtype=torch.int32),)

    def joined(self, made: list[Made]) -> Made:
        return (torch.stack([pictures for (pictures,) in made]),)
