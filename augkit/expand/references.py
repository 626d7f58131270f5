"""References: files that steps of a pipeline take beside a source, named in the books by their hashes.

Neither where a job runs nor where those files lie decides anything, and the books tell no place of this machine: but
for `augkit.datasets.lineage.HINT`, behind the sources' place, a line for each, so that a replay finds them.
"""

import os
from collections.abc import Iterable
from dataclasses import replace

from augkit.core.ops import External
from augkit.core.plan import Plan
from augkit.pipeline import Pipeline
from augkit.pipeline.pipeline_file import files_of

MARK = b"\0"  # no path holds it


def with_last_names(plan: Plan) -> Plan:
    """Return a plan as the books hold it: its files are called by their last names, and found by their hashes."""
    if not any(isinstance(step, External) for step in plan.steps):
        return plan
    steps = (replace(s, params=s.library.named(s.params)) if isinstance(s, External) else s for s in plan.steps)
    return replace(plan, steps=tuple(steps))


def hint_of(lasting: bytes, pipelines: Iterable[Pipeline]) -> bytes:
    """Return what `HINT` holds.

    Args:
        lasting: where the sources lie.
        pipelines: whose files are noted.
    """
    found: dict[str, str] = {}
    for pipeline in pipelines:
        found |= files_of(pipeline)
    lines = (MARK + f"{sha256} ".encode() + os.fsencode(path) + b"\n" for sha256, path in sorted(found.items()))
    return lasting + b"\n" + b"".join(lines)


def hinted_files(hint: bytes) -> dict[str, str]:
    """Return where files lay, by their hashes, as `hint_of` wrote it."""
    found: dict[str, str] = {}
    for line in hint.split(MARK)[1:]:
        sha256, _, path = line.removesuffix(b"\n").partition(b" ")
        found[sha256.decode("ascii", "replace")] = os.fsdecode(path)
    return found
