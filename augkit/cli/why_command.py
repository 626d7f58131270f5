"""``augkit why``."""

from __future__ import annotations

import json
import shlex
from functools import partial
from typing import TYPE_CHECKING, Annotated

from typer import Option

from augkit.cli.options import configured
from augkit.cli.output import say
from augkit.cli.progress import progress_shown

if TYPE_CHECKING:
    from augkit.why.why_config import WhyConfig

PLACE = 85  # in the help


@configured("augkit.why.why_config:WhyConfig")
def command(
    config: WhyConfig,
    as_json: Annotated[bool, Option("--json", help="Print all figures as JSON.")] = False,
) -> None:
    """Find out which drawn numbers of a run's augmentation hurt.

    The run's network is asked for copies of pictures of val, and their losses are explained
    by what was drawn for them: beyond which angle, in which class. Where answers are lost,
    why.yaml has narrower ranges; why.html shows the copies, what each step costs, and labels
    of train that may be wrong. Nothing is declared that chance gives in more than 5 %.
    """
    from augkit.why import why

    with progress_shown() as show:
        explained = why(config, partial(say, is_error=True), show)
    report = explained.report
    if as_json:
        say(json.dumps(report.described()))
        return
    say(*report.told())
    say(f"It took {report.seconds / 60:.1f} minutes. All about it: {explained.page}")
    if report.changes:
        say(f"The narrowed pipeline, for --pipeline of augkit train: {shlex.quote(explained.pipeline)}")
