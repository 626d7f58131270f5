"""Laws of the tests themselves: what they share lies in one place, and what they must catch can still be planted."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from planted_faults import FAULTS, ROOT, Fault, planted

TESTS = Path(__file__).parent.parent
FILES = sorted(TESTS.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def test_no_test_imports_another() -> None:
    tests = [path.stem for path in FILES if path.stem.startswith("test_")]
    assert len(tests) == len(set(tests)), "two files of one name"
    for path in FILES:
        assert not {name.split(".")[0] for name in imported(path)} & set(tests), path.name


def test_what_is_called_assert_asserts() -> None:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("assert_"):
                text = ast.unparse(node)[len(f"def {node.name}") :]
                assert "assert" in text or "pytest.fail" in text, f"{path.name}: {node.name}"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.what)
def test_a_fault_can_be_planted(fault: Fault) -> None:
    """Where the code moved on, the fault moves with it: see tests/planted_faults.py."""
    path, spoilt = planted(ROOT, fault)
    assert spoilt != path.read_text()
    ast.parse(spoilt)
    for test in fault.tests:
        assert not test.endswith(".py") or (ROOT / test).is_file()
