"""``augkit choose``."""

from __future__ import annotations

import json
import shlex
from functools import partial
from typing import TYPE_CHECKING, Annotated

from typer import Option

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
    as_json: Annotated[bool, Option("--json", help="Print all figures as JSON.")] = False,
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
    if as_json:
        say(json.dumps(report.described()))
        return
    say(*report.told())
    say(f"It took {report.seconds / 60:.1f} minutes. All about it: {chosen.page}")
    for name, one in report.own.items():
        say(f"{name} may have a pipeline of its own, {one.name}; the page says how.")
    if report.found.is_picked:
        say(f"To use it: {shlex.join(['augkit', 'train', config.data, '--out', 'RUN', '--pipeline', chosen.pipeline])}")
