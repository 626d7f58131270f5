"""Pictures of a data set beside their copies, chosen and drawn: what ``augkit show`` and ``ak.show`` do."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from augkit.cached_attribute import cached_attribute
from augkit.core.key import Key
from augkit.datasets import DataSet, is_data_set, read as read_data_set
from augkit.datasets.samples import named_sample
from augkit.errors import ArgumentError, AugkitError, raise_outage
from augkit.images import encode
from augkit.images.pictures_apart import read_apart
from augkit.pipeline import Pipeline, load
from augkit.preview.html_page import contact_page
from augkit.preview.sheet import contact_sheet
from augkit.storage.output_file import require_writable, write
from augkit.targets.sample import Sample
from augkit.targets.scene import Scene

MOST_COPIES, MOST_ROWS = 50, 100


@dataclass(frozen=True)
class Showing:
    """Pictures, and the pipeline whose copies of them are shown; a notebook draws the page.

    Args:
        samples: one a row.
        pipeline: makes the copies.
        copies: of each.
        seed: of the copies.
        title: of the sheet.
        left_out: why pictures that came first are not shown.
    """

    samples: tuple[Sample, ...]
    pipeline: Pipeline
    copies: int
    seed: int
    title: str
    left_out: tuple[AugkitError, ...] = ()

    @cached_attribute
    def sheet(self) -> NDArray[np.uint8]:
        """The contact sheet, (H, W, 3) RGB."""
        return contact_sheet(self.samples, self.pipeline, self.copies, self.seed, self.title)

    @cached_attribute
    def page(self) -> str:
        """The page, HTML that needs nothing beside it."""
        return contact_page(self.samples, self.pipeline, self.copies, self.seed, self.title)

    def _repr_html_(self) -> str:
        return self.page


def show(
    source: str | os.PathLike[str] | Sample | Sequence[Sample],
    pipeline: Pipeline | str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    *,
    copies: int = 5,
    rows: int = 4,
    seed: int = 0,
    ignore: str | Sequence[str] = (),
    allow_urls: bool = False,
    allow_links: bool = False,
) -> Showing:
    """Show pictures beside the copies that expanding them with that seed makes.

    Args:
        source: a picture, a folder of them or another data set; or samples.
        pipeline: a pipeline, a bundled name or a YAML file.
        output: a file to write, a sheet ``.png`` or a page ``.html``.
        copies: of each picture, 1 to 50.
        rows: pictures of a data set, 1 to 100, spread evenly over it.
        seed: any whole number.
        ignore: patterns of files, columns and keys of a data set that may be left, as `augkit.datasets.read` has them.
        allow_urls: pictures that a table names by http and https URLs are read from there.
        allow_links: links may lead out of the data set.

    Returns:
        What is shown: `Showing.sheet` draws it as a picture, `Showing.page` as HTML.

    Raises:
        ArgumentError: an argument does not fit.
        FileError: the source cannot be read, or the output not written.
        AugkitError: none of the pictures can be shown; the sentence says why not the first.
    """
    for name, value, most in (("copies", copies, MOST_COPIES), ("rows", rows, MOST_ROWS)):
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise ArgumentError(f"must be a whole number from 1 to {most}, got {value!r}.", f"--{name}")
    path = None if output is None else Path(output)
    if path is not None:
        if path.suffix.lower() not in (".png", ".html"):
            raise ArgumentError(f"must end in .png or .html, got {path.name!r}.", "--output")
        require_writable(path)
    if not isinstance(pipeline, Pipeline | str | os.PathLike):
        got = type(pipeline).__name__
        raise ArgumentError(f'must be a pipeline, a bundled name or a file, got {got}. Write "six".', "show.pipeline")
    if isinstance(pipeline, Pipeline):
        loaded, title = pipeline, "augkit"
    else:
        loaded, title = load(os.fspath(pipeline)), Path(pipeline).stem
    samples, left_out = _chosen(
        source,
        loaded,
        copies,
        rows,
        seed,
        partial(read_data_set, ignore=ignore, allow_urls=allow_urls, allow_links=allow_links),
    )
    shown = Showing(samples, loaded, copies, seed, title, left_out)
    if path is not None:
        is_page = path.suffix.lower() == ".html"
        write(path, shown.page.encode("utf-8", "backslashreplace") if is_page else encode(shown.sheet, "png"))
    return shown


def _chosen(
    source: str | os.PathLike[str] | Sample | Sequence[Sample],
    pipeline: Pipeline,
    copies: int,
    rows: int,
    seed: int,
    reading: Callable[[str], DataSet],
) -> tuple[tuple[Sample, ...], tuple[AugkitError, ...]]:
    """Return the samples that are shown, in order, and why others are not.

    Raises:
        AugkitError: none can be shown.
    """

    def checked(sample: Sample, where: str) -> Sample:
        for copy in range(copies):
            try:
                pipeline.draw(Key(seed, sample.id, copy), Scene.of(sample))
            except AugkitError as error:
                raise error.at(where) from error.__cause__
        return sample

    if not isinstance(source, str | os.PathLike):
        given: Sequence[object] = source if isinstance(source, Sequence) else [source]
        samples = [sample for sample in given if isinstance(sample, Sample)]
        for odd in (type(other).__name__ for other in given if not isinstance(other, Sample)):
            advice = "Of an array, write ak.Sample(image)."
            raise ArgumentError(f"must be a path, a Sample or a list of samples, got {odd}. {advice}", "show.source")
        return tuple(checked(sample, sample.id) for sample in samples), ()
    where = os.fspath(source)
    if not is_data_set(where):
        return (checked(read_apart(where), where),), ()
    data, found, refused = reading(where), list[Sample](), list[AugkitError]()
    for index in _spread(len(data.sources), rows):
        picture = data.sources[index]
        try:
            found.append(checked(_drawable(named_sample(data, picture)), f"{data.root}/{picture.id}"))
        except AugkitError as error:
            raise_outage(error)
            refused.append(error)
        if len(found) == rows:
            break
    if not found:
        raise refused[0]
    return tuple(sorted(found, key=lambda sample: sample.id)), tuple(refused)


def _drawable(sample: Sample) -> Sample:
    """Return a sample without polygons where not every box has one: boxes will do."""
    return sample if all(map(len, sample.polygons or ())) else sample.changed(polygons=None)


def _spread(count: int, rows: int) -> list[int]:
    """Return all places 0 .. count - 1: first `rows` of them spread evenly, then the others in order.

    >>> _spread(9, 3)
    [0, 3, 6, 1, 2, 4, 5, 7, 8]
    """
    even = dict.fromkeys(row * count // min(rows, count) for row in range(min(rows, count)))
    return [*even, *(place for place in range(count) if place not in even)]
