"""The folder of a run: begun, found again, or refused."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from augkit.errors import ArgumentError, FileError
from augkit.storage.durable import held, make_root, remove_folder, replace_with, unlink
from augkit.train.setup import Preparation
from augkit.train.train_errors import is_full, unwritten

__all__ = ["locked", "open_run", "require_apart"]

FORMAT = 1
SETTINGS, PICTURES, REJECTED = "settings.json", "pictures.jsonl", "rejected.jsonl"
TEMPORARY = ".????????.augkit"  # what `replace_with` had not yet put in place
# All that a run writes beside its settings, in the order in which it is removed; all else is the user's.
WRITTEN = {
    "checkpoints": ("last.pt", "previous.pt", "best.pt", "next.pt", TEMPORARY),
    "features": ("*.npy", "*.sha256", "*.unfinished", TEMPORARY),
    "tensorboard": ("events.out.tfevents.*",),
    "": (
        *(PICTURES, REJECTED, "log.jsonl", "log.csv", "log.*.unfinished", "model.safetensors", "report.html"),
        *("predictions.csv", "learning_curves.png", "confusion_matrix.png", "calibration.png", "scatter.png"),
        TEMPORARY,
    ),
}
_NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK)  # some network disks have none: no reason not to train there
ADVICE = "Run the same command as before, pass --fresh to start anew, or choose another --out."


def require_apart(data: str, folder: str, option: str) -> None:
    """Check that neither of a data set's folder and one that is written to lies in the other.

    Or a run's figures would be pictures of the data set when the same command is given again.

    Raises:
        ArgumentError: one does.
    """
    held, own = Path(data).resolve(), Path(folder).resolve()
    if held.is_dir() and (own.is_relative_to(held) or held.is_relative_to(own)):
        what = f"must lie outside the data set {data} and not around it, got {folder}"
        raise ArgumentError(f"{what}. Choose another --{option}.", option)


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Keep a run's folder, which is made if it is not there, to one training at a time.

    Raises:
        FileError: another one is at work in it, or it cannot be made.
    """
    with ExitStack() as stack:
        try:
            make_root(os.fspath(out.absolute()))
            stack.enter_context(held(os.fspath(out)))
        except BlockingIOError:
            advice = "Wait until it has ended, or choose another --out."
            what = f"must be written by one training at a time, got a second one. {advice}"
            raise FileError(what, str(out)) from None
        except OSError as fault:
            if fault.errno not in _NO_LOCKS:
                raise _unusable(out, fault) from None
        yield


def _unusable(out: Path, fault: OSError) -> FileError:
    if is_full(fault):
        return unwritten(out, fault)
    return FileError(f"must be a folder that can be written to, got: {fault.strerror}.", str(out))


def open_run(out: Path, ready: Preparation, is_fresh: bool) -> None:
    """Begin a run in a folder, or find the same run there.

    Args:
        out: the folder.
        ready: the run.
        is_fresh: whether another run that is there is removed.

    Raises:
        FileError: the folder holds something else, or cannot be written to.
        Unwritten: the disk is full.
        ArgumentError: it holds another run; the message names what differs.
    """
    content = {
        "augkit_run": FORMAT,
        "settings": ready.settings.described(),  # as `Settings.read` reads them
        "effective": ready.effective,
        "deciding": ready.deciding,
    }
    pictures = list(ready.surveyed.lines())
    rejected = [json.dumps(dict(zip(("role", "id", "reason"), row, strict=True))) for row in ready.surveyed.rejected]
    known = _known(out)
    try:
        if known is not None and is_fresh:
            _clear(out)
            known = None
        if known is None:
            make_root(os.fspath(out.absolute()))
            replace_with(out / PICTURES, "".join(f"{line}\n" for line in pictures).encode())
            replace_with(out / REJECTED, "".join(f"{line}\n" for line in rejected).encode())
            replace_with(out / SETTINGS, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())
            return
    except OSError as fault:
        raise _unusable(out, fault) from None
    difference = _difference(known["deciding"], ready.deciding, out, pictures)
    if difference:
        raise ArgumentError(f"must be what {out} was begun with: {difference}. {ADVICE}", "train")


def _known(out: Path) -> dict[str, Any] | None:
    """Return what a folder says of the run in it, or None for one that is new or empty."""
    path = out / SETTINGS
    try:
        if not path.exists():
            held = next(iter(sorted(out.iterdir())), None) if out.exists() else None
            if held is None or held.name in (PICTURES, REJECTED):  # written before
                return None
            what = f"must be a new or an empty folder, or a run's, got a folder with files in it ({held.name})"
            raise FileError(f"{what}. Remove it or choose another --out.", str(out))
        known: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if known["augkit_run"] == FORMAT and isinstance(known["deciding"], dict):
            return known
    except OSError as fault:
        raise FileError(f"must be a folder that can be read, got: {fault.strerror}.", str(out)) from None
    except (ValueError, LookupError, TypeError):
        pass
    raise FileError("must be as augkit train wrote it, got a damaged file. Choose another --out.", str(path))


def _clear(out: Path) -> None:
    """Remove what a run wrote to a folder: first what it would go on from, and at last what says that it is one."""
    for name, patterns in WRITTEN.items():
        folder = out / name
        for path in sorted({path for pattern in patterns for path in folder.glob(pattern)}):
            if path.is_symlink() or not path.is_dir():
                unlink(os.fspath(path))
        if name:
            remove_folder(os.fspath(folder))
    unlink(os.fspath(out / SETTINGS))


def _difference(then: Mapping[str, Any], now: Mapping[str, Any], out: Path, pictures: list[str]) -> str:
    """Say in which field two runs differ, the pictures first: other things follow from them."""
    if then.get("data") != now["data"]:
        return f"data: {_other_picture(out, pictures)}"
    return _other_field(then, now)


def _other_field(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    for name in (*now, *(name for name in then if name not in now)):
        before, after = then.get(name), now.get(name)
        if before != after:
            if isinstance(before, dict) and isinstance(after, dict):
                return f"{name}.{_other_field(before, after)}"
            return f"{name} must be {json.dumps(before)}, got {json.dumps(after)}"
    return ""


def _other_picture(out: Path, pictures: list[str]) -> str:
    try:
        before = [json.loads(line) for line in (out / PICTURES).read_text("utf-8").splitlines()]
    except (OSError, ValueError):
        return "the pictures are others"
    then = {entry["id"]: entry for entry in before}
    now = {entry["id"]: entry for entry in map(json.loads, pictures)}
    for id, entry in now.items():
        if id not in then:
            return f"{id!r} is new"
        for name, what in (
            ("sha256", "holds something else"),
            ("label", "has another label"),
            ("role", "is put elsewhere"),
        ):
            if then[id].get(name) != entry[name]:
                return f"{id!r} {what}"
    lost = next((id for id in then if id not in now), None)
    return f"{lost!r} is gone" if lost is not None else "the pictures are others"
