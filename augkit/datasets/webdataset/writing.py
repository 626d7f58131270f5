"""WebDataset, written: a tar a shard, the same bytes for the same pictures."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any, get_args

from augkit.datasets.data_set import Kind
from augkit.datasets.fields import fields_of
from augkit.datasets.form import Add, Part, Record, Sink, Whole, Writer
from augkit.errors import FileError

__all__ = ["WebDatasetWriter"]


class WebDatasetWriter(Writer):
    """Tars of ``<key>.<ext>``, ``.json``, ``.cls`` where there is one class, and ``.mask.png``.

    webdataset's own TarWriter puts the time, or the user's name, into headers unless it is told not to, and encodes by
    guess; Python's tarfile does what it is told.
    """

    name = "webdataset"
    holds = frozenset(get_args(Kind))
    is_packed = True

    def place(self, part: Part, record_name: str) -> str:
        return f"{_tar(part)}/{_key(record_name)}.{record_name.rpartition('.')[2]}"

    @contextmanager
    def writing(self, sink: Sink, part: Part) -> Iterator[Add]:
        numbers = {label: number for number, label in enumerate(part.classes)}
        with sink.open(_tar(part)) as file, tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as tar:

            def add(record: Record, data: bytes, mask: bytes | None) -> None:
                key = _key(record.name)
                facts = {"label": record.label, **fields_of(record)}
                _add(tar, f"{key}.{record.name.rpartition('.')[2]}", data)
                if record.label is not None and str(record.label) in numbers:
                    _add(tar, f"{key}.cls", str(numbers[str(record.label)]).encode())
                _add(tar, f"{key}.json", _json(facts))
                if mask is not None:
                    _add(tar, f"{key}.mask.png", mask)

            yield add

    def extract(self, read: Callable[[str], bytes], id: str) -> bytes:
        place, _, name = id.partition(".tar/")
        with tarfile.open(fileobj=BytesIO(read(f"{place}.tar"))) as tar:
            for member in tar:
                if member.name == name and (file := tar.extractfile(member)) is not None:
                    return file.read()
        raise FileError(f"must be in {place}.tar, got none of that name.", id)

    def whole(self, whole: Whole) -> Iterable[tuple[str, Iterable[bytes]]]:
        return ()


def _tar(part: Part) -> str:
    return f"{part.split}-{part.index:05d}.tar" if part.split else f"{part.index:05d}.tar"


def _key(record_name: str) -> str:
    """Return a name without its suffix, and without dots: a reader cuts the base name at the first."""
    folder, slash, name = record_name.rpartition("/")
    return f"{folder}{slash}{name.rpartition('.')[0].replace('.', '_')}"


def _json(facts: dict[str, Any]) -> bytes:
    text = json.dumps(facts, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace")  # of a name that is no UTF-8: what JSON, too, calls it


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    header = tarfile.TarInfo(name)  # mode 0644, and neither a time nor an owner
    header.size = len(data)
    tar.addfile(header, BytesIO(data))
