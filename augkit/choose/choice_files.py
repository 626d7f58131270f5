"""Files of a choice: the pipeline, those of classes that it harms, all figures, and the page."""

import json
import re
from pathlib import Path

from augkit.choose.choice_page import page_of
from augkit.choose.choice_report import JSON, PAGE, PIPELINE, ChoiceReport
from augkit.choose.pool import Pool
from augkit.core.text_files import bytes_of
from augkit.pipeline import Pipeline
from augkit.pipeline.pipeline_file import dump
from augkit.screen_text import printable
from augkit.storage.durable import replace_with
from augkit.train.train_errors import written


def write(out: Path, report: ChoiceReport, pool: Pool) -> Path:
    """Write everything into the folder of a choice, and return the path of the page, which comes last."""
    out.mkdir(parents=True, exist_ok=True)
    _dump(out / PIPELINE, report.pipeline, [report.headline()])
    own = own_files(report)
    for name, (file, pipeline) in own.items():
        _dump(out / file, pipeline, [f"For class {name}, in the place of {PIPELINE}, which harms it."])
    data = json.dumps(report.described() | {"pipelines_for": {name: file for name, (file, _) in own.items()}}, indent=1)
    for path, content in ((out / JSON, bytes_of(data + "\n")), (out / PAGE, page_of(report, pool, own))):
        with written(path):
            replace_with(path, content)
    return out / PAGE


def own_files(report: ChoiceReport) -> dict[str, tuple[str, Pipeline]]:
    """Return the files and the pipelines of classes that have one of their own, by their names."""
    found: dict[str, tuple[str, Pipeline]] = {}
    for number, (name, one) in enumerate(report.own.items(), start=1):
        safe = re.sub(r"[^\w-]+", "_", name)[:40]
        found[name] = f"choice-for-{number}-{safe}.yaml", one.pipeline or Pipeline([])
    return found


def _dump(path: Path, pipeline: Pipeline, comments: list[str]) -> None:
    dump(pipeline, path)
    with written(path):
        told = "".join(f"# {printable(line)}\n" for line in comments)
        replace_with(path, bytes_of(told) + path.read_bytes())
