"""Comparisons of repeated trainings, as plain data and as files beside their folders."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from augkit.core.arrays import JsonObject
from augkit.storage.durable import replace_with
from augkit.train.repeats import Repeats, differences
from augkit.train.results import Result
from augkit.train.train_errors import written

JSON, CSV = "comparison.json", "comparison.csv"


def best(found: Sequence[Repeats]) -> Result:
    """Return the run to use: the one that did best on the pictures that choose, as those reported on choose nothing."""
    return max((result for one in found for result in one.results), key=lambda result: result.score)


def compared(found: Sequence[Repeats]) -> JsonObject:
    """Return all that came of them, as JSON holds it; differences are against the first."""
    runs = [
        {"pipeline": one.pipeline, **asdict(one.headline), "results": [asdict(result) for result in one.results]}
        for one in found
    ]
    told = {
        other.pipeline: [asdict(row) | {"verdict": row.verdict} for row in differences(found[0], other)]
        for other in found[1:]
    }
    return {"runs": runs, "differences": told, "best": best(found).out}


def write(folder: Path, found: Sequence[Repeats]) -> tuple[Path, Path]:
    """Write what came of them to the folder that holds theirs: all as JSON, the figures of each run as CSV.

    Raises:
        Unwritten: they cannot be written.
    """
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["pipeline", "run", "name", "figure"])
    for one in found:
        for name, values in one.figures().items():
            lines.writerows([one.pipeline, r.out, name, value] for r, value in zip(one.results, values, strict=True))
    files = {folder / CSV: text.getvalue(), folder / JSON: json.dumps(compared(found), indent=2) + "\n"}
    for path, content in files.items():
        with written(path):
            folder.mkdir(parents=True, exist_ok=True)
            replace_with(path, content.encode("utf-8", "surrogateescape"))
    return folder / JSON, folder / CSV
