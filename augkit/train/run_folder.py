"""The folder of a run: begun, found again, or refused."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Literal

import pydantic

from augkit.configuration import difference
from augkit.core.arrays import JsonObject
from augkit.core.sampling import Behaviour
from augkit.datasets.splits import HASHED, LAW
from augkit.errors import ArgumentError, FileError, Unreachable, is_absence, require_answer
from augkit.storage.durable import held, make_root, remove_folder, replace_with, unlink
from augkit.train.comparison.outcomes import OUTCOMES
from augkit.train.files.artefact import MODEL_FILE
from augkit.train.loop.growth import GROWN, grown_of, grows, without_lengths
from augkit.train.parts import duplicates
from augkit.train.parts.parts import ROLES_OF_0_1
from augkit.train.setup import Setup
from augkit.train.tasks import TASKS
from augkit.train.train_errors import is_full, unwritten
from augkit.train.train_law import FIRST_LAW, TRAIN_LAW

SETTINGS, PICTURES, REJECTED, DUPLICATES = "settings.json", "pictures.jsonl", "rejected.jsonl", duplicates.FILE
TEMPORARY = ".????????.augkit"  # what `replace_with` had not yet put in place
# All that a run writes beside its settings, in the order in which it is removed; all else is the user's.
WRITTEN = {
    "checkpoints": ("last.pt", "previous.pt", "best.pt", "next.pt", TEMPORARY),
    "features": ("*.npy", "*.sha256", "sound.json", "copies.json", "*.unfinished", TEMPORARY),
    "tensorboard": ("events.out.tfevents.*",),
    "": (
        *(PICTURES, REJECTED, DUPLICATES, "log.jsonl", "log.csv", "log.*.unfinished", "model.safetensors"),
        *("report.html", "model_card.md", "predictions.csv", "label_doubts.csv", "answers.npy", "judged.npz", OUTCOMES),
        *("learning_curves.png", "calibration.png", TEMPORARY),
    ),
}
OTHERWISE = {"sha256": "holds something else", "label": "has another label", "role": "is put elsewhere"}
ADVICE = "Run the same command as before, pass --fresh to start anew, or choose another --out."


def require_apart(data: str, folder: str, option: str) -> None:
    """Refuse a data set's folder and one that is written to of which one lies in the other.

    Or a run's figures would be pictures of the data set when the same command is given again.
    """
    held, own = Path(data).resolve(), Path(folder).resolve()
    if held.is_dir() and (own.is_relative_to(held) or held.is_relative_to(own)):
        what = f"must lie outside the data set {data} and not around it, got {folder}"
        raise ArgumentError(f"{what}. Choose another --{option}.", option)


@contextmanager
def locked(out: Path) -> Iterator[str]:
    """Keep a run's folder, which is made if it is not there, to one training at a time.

    Yields:
        A sentence where the file system has no locks; else nothing.
    """
    with ExitStack() as stack:
        try:
            make_root(os.fspath(out.absolute()))
            unlocked = stack.enter_context(held(os.fspath(out)))
        except BlockingIOError:
            advice = "Wait until it has ended, or choose another --out."
            what = f"must be written by one training at a time, got a second one. {advice}"
            raise FileError(what, str(out)) from None
        except OSError as fault:
            raise _unusable(out, fault) from None
        yield unlocked


def _unusable(out: Path, fault: OSError) -> FileError:
    if is_full(fault):
        return unwritten(out, fault)
    kind = FileError if is_absence(fault) or isinstance(fault, FileExistsError) else Unreachable
    return kind(f"must be a folder that can be written to, got: {fault.strerror}.", str(out))


class _Books(pydantic.BaseModel):
    """Contents of settings.json: the options as they were given and as they came out, and what decides the weights."""

    augkit_run: Literal[1] = 1
    settings: JsonObject
    effective: JsonObject
    deciding: JsonObject


class _Pipeline(pydantic.BaseModel):
    """Contents of what settings.json says of a pipeline, as far as a run that goes on asks for it."""

    behaviour: Behaviour = 1


class _Deciding(pydantic.BaseModel):
    """Contents of what decides the weights, likewise; what augkit 0.1 did not write has a default."""

    split_law: Annotated[int, pydantic.Field(ge=HASHED, le=LAW)] = HASHED
    train_law: Annotated[int, pydantic.Field(ge=FIRST_LAW)] = FIRST_LAW
    pipeline: _Pipeline | None = None


def open_run(out: Path, setup: Setup, is_fresh: bool) -> str:
    """Begin a run in a folder, or find the same run there; `is_fresh` removes another one.

    A run that is complete may have more epochs than it was begun with: what it had then goes into `setup.deciding`.

    Returns:
        A sentence where it does; else nothing.

    Raises:
        FileError: the folder holds something else, or cannot be written to.
        Unwritten: the disk is full.
        ArgumentError: it holds another run; the message names what differs.
    """
    rejected = [dict(zip(("role", "id", "reason"), row, strict=True)) for row in setup.surveyed.rejected]
    files = {
        **({DUPLICATES: duplicates.lines(setup.alike)} if setup.alike else {}),
        PICTURES: "".join(f"{line}\n" for line in setup.surveyed.lines()),
        REJECTED: "".join(f"{json.dumps(row)}\n" for row in rejected),
        SETTINGS: _books(setup),  # last: all else is there then
    }
    known = _known(out)
    if not is_fresh:
        require_same_law(out)
    try:
        if known is not None and is_fresh:
            _clear(out)
            known = None
        if known is None:
            make_root(os.fspath(out.absolute()))
            for name, content in files.items():
                replace_with(out / name, content.encode("utf-8", "backslashreplace"))  # escapes of JSON
            return ""
    except OSError as fault:
        raise _unusable(out, fault) from None
    if GROWN in known.deciding:
        setup.deciding[GROWN] = known.deciding[GROWN]
    then, now = _without_own_version(known.deciding), _without_own_version(setup.deciding)
    if (out / MODEL_FILE).exists() and grows(then, now):
        return _grown(out, setup, then)
    differing = _other_picture(out, files[PICTURES]) if then.get("data") != now["data"] else ""
    # An epoch more may be: what else differs is what has to be mended.
    differing = differing or difference(without_lengths(then), without_lengths(now))
    if differing := differing or difference(then, now):
        raise ArgumentError(f"must be what {out} was begun with: {differing}. {ADVICE}", "train")
    return ""


def _books(setup: Setup) -> str:
    settings = setup.config.model_dump(mode="json")
    books = _Books(settings=settings, effective=setup.effective, deciding=setup.deciding).model_dump()
    return json.dumps(books, indent=2, ensure_ascii=False) + "\n"


def _grown(out: Path, setup: Setup, then: JsonObject) -> str:
    """Let a complete run go on to more epochs, and say so."""
    had = then["epochs"] + then["unfreeze"]
    setup.deciding[GROWN] = [*grown_of(then), had]
    try:
        replace_with(out / SETTINGS, _books(setup).encode("utf-8", "backslashreplace"))
    except OSError as fault:
        raise _unusable(out, fault) from None
    told = f"The run was complete after epoch {had}, and grows to {setup.schedule.total} epochs"
    return f"{told}: the rate rises and falls once more for those."


def require_same_law(out: Path) -> None:
    """Refuse to go on with a run that another augkit began, to which pictures and options meant other things.

    Raises:
        ArgumentError: it is one.
        FileError: the folder holds something else, or cannot be read.
    """
    known = _known(out)
    if known is None or _Deciding.model_validate(known.deciding).train_law == TRAIN_LAW:
        return
    version = known.deciding.get("versions", {}).get("augkit", "another version")
    if (out / MODEL_FILE).exists():
        advice = "It stays as it is, and augkit predict reads it. Pass --fresh or another --out to train anew."
        raise ArgumentError(f"must be a run of this augkit's, got one that augkit {version} finished. {advice}", "out")
    advice = f"Finish it with augkit {version}, pass --fresh to start anew, or choose another --out."
    what = f"must be a run of this augkit's, got one that augkit {version} began, to which pictures meant other pixels"
    raise ArgumentError(f"{what}. {advice}", "out")


def law_of(out: Path) -> int:
    """Return the law by which the pictures of the run in a folder were divided, or that of a new run.

    Raises:
        FileError: the folder holds something else, or cannot be read.
    """
    known = _known(out)
    return LAW if known is None else _Deciding.model_validate(known.deciding).split_law


def behaviour_of(out: Path) -> Behaviour | None:
    """Return what steps meant to the run in a folder; None for a new run.

    Raises:
        FileError: the folder holds something else, or cannot be read.
    """
    known = _known(out)
    pipeline = None if known is None else _Deciding.model_validate(known.deciding).pipeline
    return None if pipeline is None else pipeline.behaviour


def books_of(out: Path) -> dict[str, JsonObject] | None:
    """Return what the books of the run in a folder say: settings, effective and deciding; None where there is no run.

    Raises:
        FileError: the folder holds something else, or cannot be read.
    """
    known = _known(out)
    if known is None:
        return None
    return {"settings": known.settings, "effective": known.effective, "deciding": known.deciding}


def _without_own_version(deciding: JsonObject) -> JsonObject:
    """Return what decides the weights without augkit's own version: all of them train alike."""
    versions = deciding.get("versions")
    if not isinstance(versions, dict):
        return deciding
    return deciding | {"versions": {name: number for name, number in versions.items() if name != "augkit"}}


def _known(out: Path) -> _Books | None:
    """Return what a folder says of the run in it, or None for one that is new or empty."""
    path = out / SETTINGS
    try:
        if not path.exists():
            held = next(iter(sorted(out.iterdir())), None) if out.is_dir() else None
            if held is None or held.name in (PICTURES, REJECTED, DUPLICATES):  # written before
                return None
            what = f"must be a new or an empty folder, or a run's, got a folder with files in it ({held.name})"
            raise FileError(f"{what}. Remove it or choose another --out.", str(out))
        # Of a pipe there may be no end.
        books = _Books.model_validate_json(require_answer(path.read_bytes()) if path.is_file() else b"")
        _Deciding.model_validate(books.deciding)
        return books
    except OSError as fault:
        raise Unreachable(f"must be a folder that can be read, got: {fault.strerror}.", str(out)) from fault
    except pydantic.ValidationError:
        what = "must be as augkit train wrote it, got a damaged file. Choose another --out."
        raise FileError(what, str(path)) from None


def _clear(out: Path) -> None:
    """Remove what a run wrote to a folder: first what it would go on from, and at last what says that it is one."""
    drawn = [name for task in TASKS.values() for name in task.pictures]
    for name, own in WRITTEN.items():
        folder, patterns = out / name, (*own, *drawn) if name == "" else own
        if name and folder.is_symlink():  # what it leads to is none of the run's
            unlink(os.fspath(folder))
            continue
        for path in sorted({path for pattern in patterns for path in folder.glob(pattern)}):
            if path.is_symlink() or not path.is_dir():
                unlink(os.fspath(path))
        if name:
            remove_folder(os.fspath(folder))
    unlink(os.fspath(out / SETTINGS))


def _other_picture(out: Path, pictures: str) -> str:
    """Say which picture is another than in the run that was begun, if it can be told."""
    if not (out / PICTURES).is_file():
        return "data: the pictures are others"
    try:
        then, now = map(_by_id, ((out / PICTURES).read_text("utf-8"), pictures))
    except (OSError, ValueError, KeyError, TypeError):  # it may be damaged
        return "data: the pictures are others"
    for some, others, what in ((now, then, "is new"), (then, now, "is gone")):  # and so another may be put elsewhere
        odd = next((id for id in some if id not in others), None)
        if odd is not None:
            return f"data: {odd!r} {what}"
    for name, what in OTHERWISE.items():
        odd = next((id for id, line in now.items() if then[id].get(name) != line[name]), None)
        if odd is not None:
            return f"data: {odd!r} {what}"
    return ""


def _by_id(lines: str) -> dict[str, JsonObject]:
    found = [json.loads(line) for line in lines.splitlines()]
    return {line["id"]: line | {"role": ROLES_OF_0_1.get(line["role"], line["role"])} for line in found}
