"""Files of torch, read without running anything of them, and into no more memory than they are large."""

import io
import warnings
import zipfile
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

MOST_SHARED = 4  # times that the numbers of a file are used, on average: layers may share theirs


def loaded(data: bytes) -> object:
    """Return what ``torch.save`` wrote.

    Raises:
        ValueError: it asks for more memory than the file is large, as nothing does that torch writes.
        Exception: it is damaged, in whatever way the parser stumbles on.
    """
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > len(data):
            raise ValueError(f"it unpacks to {size:,} bytes")
    with warnings.catch_warnings(action="ignore"):  # it tells of old ways of saving
        found: object = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    size = sum(tensor.numel() * tensor.element_size() for tensor in _tensors(found))
    if size > MOST_SHARED * len(data):
        raise ValueError(f"its tensors take {size:,} bytes")
    return found


def _tensors(value: object) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _tensors(inner)
    elif isinstance(value, list | tuple | set):
        for inner in value:
            yield from _tensors(inner)
