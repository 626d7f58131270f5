"""Pictures that one way of a comparison gets right and the other wrong, as its page shows them."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from augkit.core.arrays import Image
from augkit.datasets import DataSet, Source
from augkit.datasets.lineage import originals, read_lineage
from augkit.errors import AugkitError, FileError, raise_outage
from augkit.train.comparison.turned import Turned
from augkit.train.parts.separation import data_of
from augkit.train.report.mistakes import Mistake, gallery
from augkit.train.report.report_writing import PREDICTIONS
from augkit.train.train_config import TrainConfig
from augkit.train.train_errors import readable

MOST = 12  # pictures of each kind

Answers = Mapping[str, Sequence[tuple[str, str]]]  # by id: the truth and the answer of every run


def answers_of(runs: Iterable[Path]) -> Answers:
    """Return what the runs in some folders said of their pictures, as far as their tables are still there."""
    found = defaultdict[str, list[tuple[str, str]]](list)
    for path in (run / PREDICTIONS for run in runs):
        if not path.is_file():
            continue
        with readable(path), path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            for row in csv.DictReader(file):
                if "label" in row:
                    found[row["path"]].append((row["truth"], row["label"]))
    return found


def galleries(found: Turned, first: Answers, other: Answers, picture: Callable[[str], Image]) -> tuple[str, str]:
    """Return the pictures that a way loses against the first, with what it said, and those that it wins, as HTML.

    Args:
        found: which pictures.
        first: what the first way said.
        other: what the other said.
        picture: gives one by its id; it may raise an AugkitError.
    """
    lost, won = found.lost[:MOST], found.won[:MOST]
    return _shown(lost, other, picture), _shown(won, first, picture)


def pictures_of(config: TrainConfig) -> Callable[[str], Image]:
    """Return what gives the pictures that a training is judged by, by their ids, and raises an AugkitError."""
    places: dict[str, tuple[DataSet, Source]] = {}

    def picture(id: str) -> Image:
        if not places:
            places.update(_places(config))
        if id not in places:
            raise FileError("must be in the data set, got none.", id)
        data, source = places[id]
        return data.decoded(source).image

    return picture


def _places(config: TrainConfig) -> dict[str, tuple[DataSet, Source]]:
    """Return where pictures lie: of an expansion, its originals, too, as far as they are still there."""
    data = data_of(config)
    found = {source.id: (data, source) for source in data.sources}
    lineage = read_lineage(data.root)
    if lineage:
        try:
            plain = originals(data.root, lineage)
        except AugkitError as fault:
            raise_outage(fault, config.data)
            return found
        found = {source.id: (plain, source) for source in plain.sources} | found
    return found


def _shown(ids: Sequence[str], said: Answers, picture: Callable[[str], Image]) -> str:
    """Return pictures with the wrong answer that most runs gave."""
    some = list[Mistake]()
    for id in ids:
        rows = said.get(id, ())
        wrong = Counter(answer for truth, answer in rows if answer != truth).most_common(1)
        if wrong:
            (answer, times), truth = wrong[0], rows[0][0]
            some.append(Mistake(id, truth, answer, f"in {times} of {len(rows)}"))
    return gallery(some, picture) if some else ""
