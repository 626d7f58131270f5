"""``augkit demo``."""

import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from shlex import join
from shutil import rmtree, which
from typing import Annotated

import typer

from augkit.cli.output import say

PLACE = 150  # in the help
MARKER = ".augkit-demo"  # says that `augkit demo` made a folder, and may replace what it made in it
MARKER_TEXT = "augkit demo made this folder. It replaces its own files in it when it runs again.\n"
PHOTOS, DIGITS = "photos", "digits"
DIGITS_PER_CLASS = 10


@dataclass(frozen=True)
class Job:
    """One kind of pictures, and how the demo expands it."""

    name: str
    pipeline: str
    copies: int
    encoding: str

    def commands(self, folder: Path) -> list[list[str]]:
        """Return the command lines that do it, without the program's name."""
        source, out, sheet = (str(folder / name) for name in self.leaves)
        expand = ["--pipeline", self.pipeline, "--copies", str(self.copies), "--encoding", self.encoding]
        return [
            ["expand", source, out, *expand],
            ["verify", out],
            ["show", source, "--pipeline", self.pipeline, "-o", sheet],
        ]

    @property
    def leaves(self) -> tuple[str, str, str]:
        """The names of the sources, the expanded folder and the contact sheet."""
        return self.name, f"{self.name}-expanded", f"{self.name}.png"


JOBS = (Job(PHOTOS, "six", 20, "jpeg"), Job(DIGITS, "digits", 5, "png"))


def command(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where to; what an earlier demo made is replaced.")
    ] = Path("demo"),
) -> None:
    """Expand real pictures that scikit-learn ships.

    They are two photos and a hundred handwritten digits. Both are expanded, verified and
    drawn on contact sheets, with the commands to do it by hand.
    """
    from augkit.cli import app

    pictures, digits = _pictures()
    _make_room(folder)
    for path, content in {**pictures, **digits}.items():
        _write(folder / path, content)
    say(f"{folder / PHOTOS}: {len(pictures)} photos from scikit-learn.")
    say(f"{folder / DIGITS}: {len(digits)} digits of 8 x 8 pixels, {DIGITS_PER_CLASS} in each of 10 class folders.")
    say("(Each expand starts worker processes, which takes some seconds.)")
    program = typer.main.get_command(app)
    for job in JOBS:
        say("", f"{job.name.capitalize()}:")
        for line in job.commands(folder):
            say(f"  $ augkit {join(line)}")
            code = program.main(line, prog_name="augkit", standalone_mode=False)
            if code:
                raise typer.Exit(code)
    say("", "Everything lies in " + str(folder.absolute()) + "; look at the contact sheets first:")
    for job in JOBS:
        source, out, sheet = job.leaves
        say(f"  {source + '/':<18} the sources")
        say(f"  {out + '/':<18} {job.copies} copies of each by the pipeline {job.pipeline}, with their lineage")
        say(f"  {sheet:<18} a contact sheet")
    say("", "Every line after a $ works by itself too; expand asks for a folder that does not exist yet.")
    if which("augkit") is None:  # installed, but in an environment that this shell has not entered
        say(f"Here augkit is {Path(sys.executable).with_name('augkit')}: enter its environment, or write the path.")
    say("Your own pictures: augkit expand PICTURES OUT --pipeline six --copies 10")
    say("What a pipeline does: augkit explain six. What else there is: augkit list.")


def photos() -> list[Path]:
    """Return the photos that scikit-learn ships.

    Raises:
        MissingExtra: it is not installed.
    """
    from augkit.errors import MissingExtra

    try:
        from sklearn.datasets import load_sample_images
    except ImportError:
        raise MissingExtra(
            'must be installed for its pictures. Run: pip install "augkit[data]"', "scikit-learn"
        ) from None
    return sorted(map(Path, load_sample_images().filenames))


def _pictures() -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return the files of both kinds of pictures, by their paths below the demo's folder."""
    import numpy as np

    from augkit.images import encode

    files = {f"{PHOTOS}/{path.name}": path.read_bytes() for path in photos()}
    from sklearn.datasets import load_digits

    bunch, seen = load_digits(), Counter[int]()
    digits = {}
    for image, target in zip(bunch.images, bunch.target.tolist(), strict=True):
        if seen[target] < DIGITS_PER_CLASS:
            pixels = np.rint(image * (255 / 16)).astype(np.uint8)  # stored as 0 to 16
            digits[f"{DIGITS}/{target}/{target}-{seen[target]}.png"] = encode(pixels, "png")
            seen[target] += 1
    return files, digits


def _make_room(folder: Path) -> None:
    """Make the demo's folder, or remove from it what an earlier demo made; refuse one that is somebody else's.

    Raises:
        FileError: it is a file, holds other things, or cannot be changed.
    """
    from augkit.errors import FileError

    try:
        if folder.exists() and not folder.is_dir():
            raise FileError("must be a folder, got a file.", str(folder))
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) and not (folder / MARKER).is_file():
            raise FileError("must be new, empty or an earlier demo's, got a folder with other files.", str(folder))
        for path in (folder / leaf for job in JOBS for leaf in job.leaves):
            if path.is_dir() and not path.is_symlink():
                rmtree(path)
            else:
                path.unlink(missing_ok=True)
        (folder / MARKER).write_text(MARKER_TEXT, encoding="utf-8")
    except OSError as fault:
        place = str(fault.filename or folder)
        raise FileError(f"must be a folder that can be written, got: {fault.strerror}.", place) from None


def _write(path: Path, content: bytes) -> None:
    from augkit.storage.output_file import write

    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, content)
