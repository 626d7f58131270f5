"""``augkit why``."""

from __future__ import annotations

import shlex
from functools import partial
from typing import TYPE_CHECKING

from augkit.cli.findings import AsJson, say_found
from augkit.cli.options import configured
from augkit.cli.output import say
from augkit.cli.progress import progress_shown

if TYPE_CHECKING:
    from augkit.why.why_config import WhyConfig

PLACE = 85  # in the help


@configured("augkit.why.why_config:WhyConfig")
def command(
    config: WhyConfig,
    as_json: AsJson = False,
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
    path = shlex.quote(explained.pipeline)
    narrowed = [f"The narrowed pipeline, for --pipeline of augkit train: {path}"] if explained.report.changes else []
    say_found(explained.report, explained.page, *narrowed, as_json=as_json)
