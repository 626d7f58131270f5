"""Plans that were written down and must never move: of every row of the table, and of the bundled pipelines.

`tests/laws/golden_plans.jsonl` holds them; where a change of them is meant, renew it with
``PYTHONPATH=tests python -m support.golden_plans``.
"""

import json
from pathlib import Path

import augkit as ak
from support.table import BUNDLED, ROWS

GOLDEN = Path(__file__).parent.parent / "laws" / "golden_plans.jsonl"
SCENES = [(120, 160), (375, 500), (28, 28), (301, 97)]


def plans() -> dict[str, str]:
    """Return the plans to write down, by what they are plans of."""
    drawn = {repr(step): ak.Pipeline([step]).draw(ak.Key(7, "golden/a.png", 1, 2), ak.Scene((30, 41))) for step in ROWS}
    for name in BUNDLED:
        for n, size in enumerate(SCENES):
            drawn[f"{name} {size}"] = ak.load(name).draw(ak.Key(n, f"golden/{name}.jpg", n), ak.Scene(size))
    return {subject: plan.to_json() for subject, plan in drawn.items()}


def golden() -> dict[str, str]:
    """Return the plans that were written down; a new transform has none yet, and needs none."""
    return dict(json.loads(line) for line in GOLDEN.read_text().splitlines())


if __name__ == "__main__":
    GOLDEN.write_text("".join(json.dumps(entry) + "\n" for entry in plans().items()))
