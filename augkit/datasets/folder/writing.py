"""Class folders, written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from augkit.datasets.form import Add, Part, Record, Sink, Whole, Writer

__all__ = ["FolderWriter"]


class FolderWriter(Writer):
    """A file a picture: ``[split/][class/]name``."""

    name = "folder"

    def place(self, part: Part, record_name: str) -> str:
        return record_name if part.split is None else f"{part.split}/{record_name}"

    @contextmanager
    def writing(self, sink: Sink, part: Part) -> Iterator[Add]:
        def add(record: Record, data: bytes, mask: bytes | None) -> None:
            sink.write(self.place(part, record.name), data)

        yield add

    def extract(self, read: Callable[[str], bytes], id: str) -> bytes:
        return read(id)

    def whole(self, whole: Whole) -> Iterable[tuple[str, Iterable[bytes]]]:
        return ()
