"""A choice from beginning to end: pictures read, candidates judged, and what was found written down."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from augkit.choose.candidates import Candidate, steps, wholes
from augkit.choose.choice_files import write
from augkit.choose.choice_report import ChoiceReport
from augkit.choose.choose_config import ChooseConfig
from augkit.choose.judging import Judging
from augkit.choose.search import Search
from augkit.choose.suited import suited
from augkit.choose.verdict import verdict_on
from augkit.train.run_folder import require_apart
from augkit.train.telling import Progress, Tell, silent
from augkit.train.train_errors import trouble_told


@dataclass(frozen=True)
class Chosen:
    """What came of a choice.

    Args:
        out: its folder.
        pipeline: the file of the pipeline that is picked; one without steps where none is.
        page: with the evidence.
        report: all that was found.
    """

    out: str
    pipeline: str
    page: str
    report: ChoiceReport


def choose(config: ChooseConfig, tell: Tell = silent, progress: Progress = silent) -> Chosen:
    """Find out which augmentation helps on a data set, and write it down with the evidence.

    Nothing of its test part is looked at: of train it is learnt and chosen, fold by fold, and val confirms.

    Args:
        config: the options.
        tell: is given sentences that a user should read.
        progress: is told how many of what are done, of how many.

    Raises:
        AugkitError: the data set or an option is not what it must be.
    """
    require_apart(config.data, config.out, "out")
    own = list(wholes(config.pipelines))  # refuses what is none, before pictures are read
    began, notes = time.perf_counter(), list[str]()

    def noted(sentence: str) -> None:
        notes.append(sentence)
        tell(sentence)

    out = Path(config.out)
    with trouble_told(config.out):
        judging = Judging.of(config, noted, progress)
        with judging.bench.at_work():
            report = _found(judging, own, noted, progress)
        report = report.after(time.perf_counter() - began, notes)
        page = write(out, report, judging.pool)
        judging.bench.forget()  # whose judgements are kept
    return Chosen(config.out, str(out / report.file), str(page), report)


def _found(judging: Judging, own: Sequence[Candidate], tell: Tell, progress: Progress) -> ChoiceReport:
    config, pool, bench, surveyed = judging.config, judging.pool, judging.bench, judging.setup.surveyed
    judge = judging.judge()
    search = Search(judge, judging.edge, bench.size, config.repeats, config.rounds, progress, judging.screening(judge))
    able = list(suited(own, pool, surveyed.facts["train"], tell))
    found = search.found(list(steps(judging.edge, bench.size, surveyed.is_grey)), able)
    confirming = bench.look_at_confirming() if pool.confirming.sources else np.zeros((0, 1))
    verdict = verdict_on(found, judge, confirming, np.array(pool.confirming_classes), pool.names)
    return ChoiceReport(config, found, verdict, len(pool.classes), len(pool.confirming_classes), judging.folds)
