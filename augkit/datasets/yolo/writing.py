"""YOLO, written: a text file of boxes beside every picture, and data.yaml."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from augkit import yaml_file
from augkit.core.boxes import described
from augkit.datasets.data_set import Instance
from augkit.datasets.form import Add, Part, Record, Sink, Whole, Writer

__all__ = ["YoloWriter"]


class YoloWriter(Writer):
    """Pictures in ``images/<split>/[class/]name``, boxes in ``labels/<split>/[class/]name.txt``, and ``data.yaml``.

    Where there are no splits all is train, and data.yaml names no val: a trainer has to be given one.
    """

    name = "yolo"
    holds = frozenset(("boxes",))

    def place(self, part: Part, record_name: str) -> str:
        return f"images/{part.split or 'train'}/{record_name}"

    @contextmanager
    def writing(self, sink: Sink, part: Part) -> Iterator[Add]:
        numbers = {label: number for number, label in enumerate(part.classes)}

        def add(record: Record, data: bytes, mask: bytes | None) -> None:
            sink.write(self.place(part, record.name), data)
            lines = "".join(_line(instance, numbers, record) for instance in record.instances or ())
            stem = record.name.rpartition(".")[0]
            sink.write(f"labels/{part.split or 'train'}/{stem}.txt", lines.encode())

        yield add

    def extract(self, read: Callable[[str], bytes], id: str) -> bytes:
        return read(id)

    def whole(self, whole: Whole) -> Iterable[tuple[str, Iterable[bytes]]]:
        splits: dict[str, str] = {split or "train": f"images/{split or 'train'}" for split in whole.splits}
        facts: dict[str, Any] = {"path": ".", **splits, "nc": len(whole.classes), "names": list(whole.classes)}
        yield "data.yaml", [yaml_file.dumps(facts).encode()]


def _line(instance: Instance, numbers: dict[str, int], record: Record) -> str:
    """Return a box as class, centre and size, in fractions of the picture."""
    values = described("yolo", instance.box, record.size)
    return f"{numbers[instance.label]} {' '.join(f'{value:.6f}' for value in values)}\n"
