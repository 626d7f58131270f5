"""A file system that fails, dies or loses power at its n-th call: it stands in for `os` in `augkit.storage.durable`.

What was written is kept in memory as a model of a page cache: for every file the bytes that a sync has made durable,
for every folder the entries that one has. After a loss of power a folder holds any part of what was done to it since
its last sync, a beginning of it or one change here and one there, each folder for itself: POSIX promises no order. A
file that was not synced is whole, cut short, empty or zeros.
"""

from __future__ import annotations

import errno
import os
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class Death(BaseException):
    """The process ends here: nothing that it would still do is done."""


@dataclass
class File:
    content: bytes = b""
    durable: bytes | None = None  # as of the last sync


@dataclass
class Folder:
    durable: dict[str, File | Folder] = field(default_factory=dict)
    log: list[tuple[str, File | Folder | None]] = field(default_factory=list)  # entries set, or removed, since

    @property
    def entries(self) -> dict[str, File | Folder]:
        return self.after(self.log)

    def after(self, changes: list[tuple[str, File | Folder | None]]) -> dict[str, File | Folder]:
        entries = dict(self.durable)
        for name, entry in changes:
            if entry is None:
                entries.pop(name, None)
            else:
                entries[name] = entry
        return entries

    def sync(self) -> None:
        self.durable, self.log = self.entries, []


def modelled(path: Path) -> File | Folder:
    """Return a tree that lies on the disk, all of it durable."""
    if path.is_dir():
        return Folder({child.name: modelled(child) for child in path.iterdir()})
    data = path.read_bytes()
    return File(data, data)


class FaultyOS:
    """`os`, whose n-th call that changes or syncs the file system fails or is the last one."""

    CALLS = ("open", "write", "fsync", "replace", "makedirs", "unlink", "rmdir", "syncfs")

    def __init__(self, root: Path, at: int | None = None, how: str = "dies", code: int = errno.EIO) -> None:
        self.root, self.at, self.how, self.code = root, at, how, code
        self.tree = modelled(root)
        self.calls = 0
        self.is_dead = False
        self.open_files: dict[int, tuple[str, File | None]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def count(self) -> None:
        if self.is_dead:
            raise Death
        self.calls += 1
        if self.calls == self.at:
            if self.how == "fails":
                raise OSError(self.code, os.strerror(self.code))
            self.is_dead = True
            raise Death

    def release(self) -> None:
        """Close what a process that died had open, as the system does."""
        for descriptor in self.open_files:
            os.close(descriptor)
        self.open_files.clear()

    def at_path(self, path: str) -> tuple[Folder, str]:
        """Return the folder of the model that holds a path, and the path's name there."""
        node: Any = self.tree
        *parts, name = Path(path).relative_to(self.root).parts
        for part in parts:
            node = node.entries[part]
        assert isinstance(node, Folder)
        return node, name

    def node(self, path: str) -> Any:
        if Path(path) == self.root:
            return self.tree
        folder, name = self.at_path(path)
        return folder.entries[name]

    def open(self, path: str, flags: int, mode: int = 0o777) -> int:
        self.count()
        descriptor = os.open(path, flags, mode)
        file = None
        if flags & os.O_CREAT:
            folder, name = self.at_path(path)
            file = File()
            folder.log.append((name, file))
        self.open_files[descriptor] = (path, file)
        return descriptor

    def write(self, descriptor: int, data: Any) -> int:
        self.count()
        written = os.write(descriptor, data)
        file = self.open_files[descriptor][1]
        assert file is not None
        file.content += bytes(data)[:written]
        return written

    def close(self, descriptor: int) -> None:
        if self.is_dead:
            raise Death
        os.close(descriptor)
        del self.open_files[descriptor]

    def fsync(self, descriptor: int) -> None:
        self.count()
        path, file = self.open_files[descriptor]
        if not Path(path).is_relative_to(self.root):
            return  # what lies above is there
        if file is not None:
            file.durable = file.content
        else:
            node = self.node(path)
            if isinstance(node, Folder):
                node.sync()
            else:
                node.durable = node.content

    def syncfs(self, descriptor: int) -> int:
        try:
            self.count()
        except OSError:  # the C library's own function, which raises nothing
            return -1
        nodes: list[Any] = [self.tree]
        while nodes:
            node = nodes.pop()
            if isinstance(node, Folder):
                node.sync()
                nodes += node.durable.values()
            else:
                node.durable = node.content
        return 0

    def replace(self, source: str, target: str) -> None:
        self.count()
        os.replace(source, target)  # noqa: PTH105
        (before, old), (after, new) = self.at_path(source), self.at_path(target)
        after.log.append((new, before.entries[old]))
        before.log.append((old, None))

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        self.count()
        os.makedirs(path, exist_ok=exist_ok)  # noqa: PTH103
        node: Any = self.tree
        for part in Path(path).relative_to(self.root).parts:
            if part not in node.entries:
                node.log.append((part, Folder()))
            node = node.entries[part]

    def unlink(self, path: str) -> None:
        self.count()
        os.unlink(path)  # noqa: PTH108
        folder, name = self.at_path(path)
        folder.log.append((name, None))

    def rmdir(self, path: str) -> None:
        self.count()
        os.rmdir(path)  # noqa: PTH106
        folder, name = self.at_path(path)
        folder.log.append((name, None))

    def lose_power(self, seed: int) -> None:
        """Leave on the disk one of the states that a loss of power may leave."""
        rng = random.Random(seed)
        shutil.rmtree(self.root)
        _rebuild(self.root, self.tree, rng)


def _rebuild(path: Path, node: File | Folder, rng: random.Random) -> None:
    if isinstance(node, Folder):
        path.mkdir()
        kept = node.log[: rng.randint(0, len(node.log))]
        if rng.random() < 0.5:
            kept = [change for change in node.log if rng.random() < 0.5]
        for name, entry in node.after(kept).items():
            _rebuild(path / name, entry, rng)
        return
    length = len(node.content)
    states = [node.content, node.content[: rng.randint(0, length)], b"", b"\0" * length]
    path.write_bytes(node.durable if node.durable is not None else rng.choice(states))
