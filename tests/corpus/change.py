"""Record what a later release makes otherwise on purpose: cases whose outcome in 0.1 is no longer right.

    PYTHONPATH=.:tests .venv/bin/python -m corpus.change "boxes are those of what is left of an outline" CASE...

`changed.json` holds the reason of every such case beside its new outcome, made with the code at hand; `test_unchanged`
compares with that instead, and fails where a case is as it was in 0.1 after all. The reason stands in CHANGELOG.md too.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from corpus import cases, outcomes, pipelines, record
from corpus.sources import HERE

FILE = HERE / "changed.json"


def of_tree(name: str, release: str) -> Any:
    """Return the outcome of a job."""
    with TemporaryDirectory() as folder:
        return outcomes.abbreviated(outcomes.outcome(cases.jobs()[name], Path(folder), release))


def main() -> None:
    """Record some cases, or all again that are in the file."""
    why, *names = sys.argv[1:]
    found = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {"trees": {}, "plans": {}}
    release = json.loads((HERE / "expected-0.1.json").read_text(encoding="utf-8"))["release"]
    jobs = cases.jobs()
    for name in names:
        if name in jobs:
            found["trees"][name] = {"why": why, "outcome": of_tree(name, release)}
        elif name in (*pipelines.pipelines(), *pipelines.BUNDLED):
            found["plans"][name] = {"why": why, "outcome": record.plan(name)}
        else:
            raise SystemExit(f"{name!r} is no case of the corpus")
    found = {kind: dict(sorted(entries.items())) for kind, entries in found.items()}
    FILE.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{FILE.name}: {len(found['trees'])} trees and {len(found['plans'])} plans are others than in 0.1")


if __name__ == "__main__":
    main()
