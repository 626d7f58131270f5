"""Plans that were written down and must never move: of every row of the table, and of the bundled pipelines.

`tests/laws/golden_plans_2.jsonl` holds them; where a change of them is meant, renew it with
``PYTHONPATH=tests python -m support.golden_plans``. Those of behaviour 1, beside it, are as augkit 0.1 drew them.
"""

import json
from pathlib import Path

import augkit as ak
from augkit.core.sampling import Behaviour
from support.table import BUNDLED, ROWS

LAWS = Path(__file__).parent.parent / "laws"
BEHAVIOURS: tuple[Behaviour, ...] = (1, 2)
SCENES = [(120, 160), (375, 500), (28, 28), (301, 97)]


def plans(behaviour: Behaviour) -> dict[str, str]:
    """Return the plans to write down, by what they are plans of."""
    key, scene = ak.Key(7, "golden/a.png", 1, 2), ak.Scene((30, 41))
    drawn = {repr(step): ak.Pipeline([step], behaviour=behaviour).draw(key, scene) for step in ROWS}
    for name in BUNDLED:
        for n, size in enumerate(SCENES):
            pipeline = ak.load(name).with_behaviour(behaviour)
            drawn[f"{name} {size}"] = pipeline.draw(ak.Key(n, f"golden/{name}.jpg", n), ak.Scene(size))
    return {subject: plan.to_json() for subject, plan in drawn.items()}


def golden(behaviour: Behaviour) -> dict[str, str]:
    """Return the plans that were written down; a new transform has none yet, and needs none."""
    return dict(json.loads(line) for line in _file(behaviour).read_text().splitlines())


def _file(behaviour: Behaviour) -> Path:
    return LAWS / f"golden_plans_{behaviour}.jsonl"


if __name__ == "__main__":
    _file(2).write_text("".join(json.dumps(entry) + "\n" for entry in plans(2).items()))
