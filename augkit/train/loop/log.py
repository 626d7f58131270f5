"""Log of every epoch, in files: as JSON lines, as CSV, and for TensorBoard."""

import csv
import io
import json
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from augkit.errors import MissingExtra
from augkit.storage.durable import rename, unlink, write
from augkit.train.train_errors import written

Row = Mapping[str, float]  # of an epoch; `epoch` is a whole number, `frozen` a truth value


EVERY_S = 1.0  # an epoch of a head on known features takes as long as its lines take to be written


class Log:
    """Write the rows of all epochs so far: after a resumed training the files are as if it had never stopped."""

    def __init__(self, folder: Path, has_tensorboard: bool) -> None:
        self.folder, self.written_at = folder, -math.inf
        self.board = _Board(folder / "tensorboard") if has_tensorboard else None

    def write(self, rows: Sequence[Row], is_last: bool = True) -> None:
        """Write what is known of all epochs, the last of which has just ended.

        Within `EVERY_S` of what was written before, nothing is but the last: a later epoch's comes with all before it.
        """
        if not is_last and time.monotonic() - self.written_at < EVERY_S:
            return
        table = io.StringIO()
        writer = csv.DictWriter(table, list(rows[0]) if rows else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        with written(self.folder):
            for name, text in (("log.jsonl", lines), ("log.csv", table.getvalue())):
                # Not synced: a checkpoint holds the rows, and a training that goes on writes them again.
                place = os.fspath(self.folder / f"{name}.unfinished")
                unlink(place)  # of a run that was killed, or a link of someone else's
                write(place, [text.encode()])
                rename(place, os.fspath(self.folder / name))
            if self.board is not None:
                self.board.write(rows)
        self.written_at = time.monotonic()


class _Board:
    """Write TensorBoard's file, which only grows: all rows when a training begins or goes on, then the new ones.

    Its own writer has a thread, which shows a traceback where the disk is full, and it would tell an epoch twice.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from tensorboard.compat.proto.event_pb2 import Event
            from tensorboard.summary.writer.record_writer import RecordWriter
        except Exception:  # whatever is wrong with it, no training depends on it
            what = "must be installed for --tensorboard. Run: pip install 'augkit[tensorboard]'"
            raise MissingExtra(what, "tensorboard") from None
        self.event: Callable[..., Event] = Event
        self.records: Callable[[io.BytesIO], RecordWriter] = RecordWriter
        self.folder, self.path = folder, folder / f"events.out.tfevents.{time.time_ns()}.augkit"
        self.count = 0  # rows that are written

    def write(self, rows: Sequence[Row]) -> None:
        if not self.path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            for old in self.folder.glob("events.out.tfevents.*"):
                unlink(os.fspath(old))
        buffer = io.BytesIO()
        records = self.records(buffer)
        if not self.count:
            records.write(self.event(wall_time=time.time(), file_version="brain.Event:2").SerializeToString())
        for row in rows[self.count :]:
            event = self.event(wall_time=time.time(), step=int(row["epoch"]))
            for name, value in row.items():
                if isinstance(value, float):
                    event.summary.value.add(tag=name, simple_value=value)
            records.write(event.SerializeToString())
        with self.path.open("ab") as file:
            file.write(buffer.getvalue())
        self.count = len(rows)
