"""``augkit choose``."""

from __future__ import annotations

import shlex
from functools import partial
from typing import TYPE_CHECKING

from augkit.cli.findings import AsJson, say_found
from augkit.cli.options import configured
from augkit.cli.output import say
from augkit.cli.progress import progress_shown
from augkit.cli.stopping import resumable

if TYPE_CHECKING:
    from augkit.choose.choose_config import ChooseConfig

PLACE = 78  # in the help


@configured("augkit.choose.choose_config:ChooseConfig")
def command(
    config: ChooseConfig,
    as_json: AsJson = False,
) -> None:
    """Find out which augmentation helps on a data set.

    Single steps at several strengths, bundled pipelines, TrivialAugment and your own are
    judged by what is learnt of their copies, on pictures held out fold by fold. The best
    steps are put together. Pictures that had no say confirm the best, or do not: that
    there is no evidence is an answer, too. DIR gets choice.yaml, for augkit train
    --pipeline, and choice.html with the evidence. Those of test are not looked at.
    """
    from augkit.choose import choose

    with resumable(config.out), progress_shown() as show:
        chosen = choose(config, partial(say, is_error=True), show)
    report = chosen.report
    further = [
        f"{name} may have a pipeline of its own, {one.name}; the page says how." for name, one in report.own.items()
    ]
    if report.found.is_picked:
        command = shlex.join(["augkit", "train", config.data, "--out", "RUN", "--pipeline", chosen.pipeline])
        further.append(f"To use it: {command}")
    say_found(report, chosen.page, *further, as_json=as_json)
