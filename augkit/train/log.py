"""What a training tells of every epoch, in files: as JSON lines, as CSV, and for TensorBoard."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from augkit.durable import rename
from augkit.errors import MissingExtra
from augkit.train.checkpoint import CheckpointError

__all__ = ["Log"]

Row = Mapping[str, Any]


class Log:
    """Write the rows of all epochs so far: after a resumed training the files are as if it had never stopped.

    Args:
        folder: the run's.
        has_tensorboard: whether TensorBoard's files are written too.

    Raises:
        MissingExtra: TensorBoard is wanted and not installed.
    """

    def __init__(self, folder: Path, has_tensorboard: bool) -> None:
        self.folder = folder
        self.board: Any = None
        if has_tensorboard:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except Exception:  # whatever is wrong with it, no training depends on it
                raise MissingExtra(
                    "must be installed for --tensorboard. Run: pip install tensorboard", "tensorboard"
                ) from None
            self.board = SummaryWriter(str(folder / "tensorboard"))

    def write(self, rows: Sequence[Row]) -> None:
        """Write what is known of all epochs, the last of which has just ended.

        Raises:
            CheckpointError: the files cannot be written.
        """
        try:
            self._write("log.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
            self._write("log.csv", _csv(rows))
        except OSError as fault:
            advice = "Nothing is lost: make room and run the same command again."
            what = f"must be a folder that can be written to, got: {fault.strerror}. {advice}"
            raise CheckpointError(what, str(self.folder)) from None
        if self.board is not None and rows:
            for name, value in rows[-1].items():
                if isinstance(value, float):
                    self.board.add_scalar(name, value, rows[-1]["epoch"])
            self.board.flush()

    def _write(self, name: str, text: str) -> None:
        # Not synced: a checkpoint holds the rows, and a training that goes on writes them again.
        place = self.folder / f"{name}.unfinished"
        place.write_text(text, "utf-8")
        rename(os.fspath(place), os.fspath(self.folder / name))


def _csv(rows: Sequence[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
