"""Security as a table: each row of docs/security.md is a test, and each of these tests a row."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
ROW = re.compile(r"^\| (.+?) \| (.+?) \| `(test_\w+)` \|$", re.MULTILINE)
NAME = re.compile(r"^def (test_\w+)\(", re.MULTILINE)


def names_of_tests(*paths: Path) -> set[str]:
    return {name for path in paths for name in NAME.findall(path.read_text("utf-8"))}


def test_every_row_is_a_test_and_every_test_a_row() -> None:
    rows = [row[2] for row in ROW.findall((ROOT / "docs/security.md").read_text("utf-8"))]
    assert len(rows) == len(set(rows))
    own = [path for path in Path(__file__).parent.glob("test_security_*.py") if path != Path(__file__)]
    assert names_of_tests(*own) <= set(rows)
    assert set(rows) <= names_of_tests(*(ROOT / "tests").rglob("test_*.py"))
