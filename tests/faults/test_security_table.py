"""Security as a table: each row of docs/security.md is a test, and each of these tests a row."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
ROW = re.compile(r"^\| (.+?) \| (.+?) \| `(test_\w+)` \|$", re.MULTILINE)


def security_tests() -> list[str]:
    found = []
    for path in sorted(Path(__file__).parent.glob("test_security_*.py")):
        names = [node.name for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)]
        found += [name for name in names if name.startswith("test_")]
    return found


def test_every_row_is_a_test_and_every_test_a_row() -> None:
    rows = [row[2] for row in ROW.findall((ROOT / "docs/security.md").read_text("utf-8"))]
    assert len(rows) == len(set(rows))
    assert sorted(rows) == sorted(set(security_tests()) - {"test_every_row_is_a_test_and_every_test_a_row"})
