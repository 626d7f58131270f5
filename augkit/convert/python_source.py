"""Python source as data: calls and their arguments, read off its syntax tree; nothing in it is run.

Values that are written out are read, also where a name that is given one only once stands for them, and where numbers
are put together by arithmetic: ``SIZE = 224`` and ``int(SIZE * 1.14)``, ``CFG.size`` of a class ``CFG``.
"""

from __future__ import annotations

import ast
import math
import operator
from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field

from augkit.convert.conversion import Differs
from augkit.core.arrays import Json
from augkit.errors import FileError

_ARITHMETIC: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_FUNCTIONS: Mapping[str, Callable[..., Json]] = {
    "int": int, "float": float, "round": round, "abs": abs, "min": min, "max": max, "tuple": tuple, "list": tuple,
}  # fmt: skip
_LARGEST = 1e15  # of numbers that are put together
_LONGEST_CHAIN = 50  # of names that stand for names


@dataclass(eq=False)
class _Scope:
    """What names are given in a function, or in the file: how often, and what."""

    outer: _Scope | None
    times: Counter[str] = field(default_factory=Counter)
    values: dict[str, ast.expr] = field(default_factory=dict)


class _Unknown(Exception):
    """A name stands for nothing that is known."""


class Source:
    """A file of Python: its calls, and what its names stand for.

    Args:
        text: its text.
        name: of the file, for complaints.
        values: what names stand for beside, such as a function's arguments; as texts of Python.

    Raises:
        FileError: it is not Python, or a value is none.
    """

    def __init__(self, text: str, name: str, values: Mapping[str, str] | None = None) -> None:
        try:
            self._tree = ast.parse(text)
            self._scopes = _scopes(self._tree)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as fault:
            raise FileError(f"must be Python source, got: {fault!s:.80}.", name) from None
        self._given: dict[str, ast.expr] = {}
        for key, value in (values or {}).items():
            try:
                self._given[key] = ast.parse(value, mode="eval").body
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                raise FileError(f"must get values that are written out, got {key}={value!r:.60}.", name) from None
        self._open: set[str] = set()  # names that are being looked up, which may stand for one another
        self._is_word: Callable[[str], bool] = lambda dotted: False

    def outermost(self, names: Container[str]) -> list[ast.Call]:
        """Return the calls of whatever has one of these names, in order, without those that stand inside another."""
        found = [node for node in ast.walk(self._tree) if isinstance(node, ast.Call) and called(node) in names]
        inner = {id(part) for call in found for part in ast.walk(call) if part is not call}
        return sorted(
            (call for call in found if id(call) not in inner), key=lambda call: (call.lineno, call.col_offset)
        )

    def names_of(self, package: str) -> set[str]:
        """Return the names that the source gives a package and what it takes from it; ``*`` for all of them."""
        found: set[str] = set()
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Import):
                found |= {one.asname or package for one in node.names if one.name.partition(".")[0] == package}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == package:
                found |= {one.asname or one.name for one in node.names}
        return found

    def value(self, node: ast.expr, is_word: Callable[[str], bool] = lambda dotted: False) -> Json:
        """Return the value of an argument, lists as tuples.

        Args:
            node: the argument.
            is_word: tells of a dotted name that stands for nothing here whether its last word is its value.

        Raises:
            Differs: it is not written out.
        """
        self._is_word = is_word
        try:
            return self._value(node)
        except _Unknown as unknown:
            advice = f"only values that are written out; say what it is by --set {unknown}=..."
            raise Differs(f"{unknown} cannot be read: {advice}") from None
        except (ValueError, TypeError, ArithmeticError, RecursionError, MemoryError, KeyError):
            raise Differs(f"{ast.unparse(node):.40} cannot be read: only values that are written out") from None

    def _value(self, node: ast.expr) -> Json:
        match node:
            case ast.Constant(value=None | bool() | int() | float() | str() as value):
                return value
            case ast.Name() | ast.Attribute() if (inner := self._stands_for(node)) is not None:
                return self._named(ast.unparse(node), inner)
            case ast.Attribute() if self._is_word(ast.unparse(node)):
                return node.attr
            case ast.Name() | ast.Attribute():
                raise _Unknown(f"{ast.unparse(node):.60}")
            case ast.Tuple() | ast.List():
                return tuple(map(self._value, node.elts))
            case ast.Dict():
                return {
                    str(self._value(key)): self._value(item) for key, item in zip(_keys(node), node.values, strict=True)
                }
            case ast.UnaryOp(op=ast.USub()):
                return -_number(self._value(node.operand))
            case ast.UnaryOp(op=ast.UAdd()):
                return _number(self._value(node.operand))
            case ast.BinOp():
                left, right = _number(self._value(node.left)), _number(self._value(node.right))
                return _number(_ARITHMETIC[type(node.op)](left, right))
            case ast.Call(func=ast.Name(id="dict"), args=[]):
                return {_word(part): self._value(part.value) for part in node.keywords}
            case ast.Call(func=ast.Name(id=name), keywords=[]) if (
                name in _FUNCTIONS and self._stands_for(node.func) is None
            ):
                return _FUNCTIONS[name](*map(self._value, node.args))
        raise ValueError(node)

    def _named(self, name: str, inner: ast.expr) -> Json:
        if name in self._open:
            raise ValueError(name)
        self._open.add(name)
        try:
            return self._value(inner)
        finally:
            self._open.discard(name)

    def _stands_for(self, node: ast.expr) -> ast.expr | None:
        """Return what a name is given in its function, or around that; None where that is not one thing."""
        if not isinstance(node, ast.Name | ast.Attribute):
            return None
        name, scope = ast.unparse(node), self._scopes.get(node)
        if name in self._given:
            return self._given[name]
        while scope is not None and not scope.times[name]:
            scope = scope.outer
        return scope.values.get(name) if scope is not None and scope.times[name] == 1 else None

    def resolved(self, node: ast.expr) -> ast.expr:
        """Return what a name stands for, and anything else as it is."""
        for _ in range(_LONGEST_CHAIN):
            inner = self._stands_for(node)
            if inner is None:
                break
            node = inner
        return node

    def elements(self, node: ast.expr | None) -> list[ast.expr]:
        """Return the elements of a list that is written out, by itself or as the sum of several, or under a name.

        Raises:
            Differs: it is none.
        """
        node = self.resolved(node) if node is not None else None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return [*self.elements(node.left), *self.elements(node.right)]
        if not isinstance(node, ast.List | ast.Tuple):
            raise Differs("its transforms must be a list that is written out")
        found: list[ast.expr] = []
        for item in node.elts:
            found += self.elements(item.value) if isinstance(item, ast.Starred) else [self.resolved(item)]
        return found


def called(node: ast.Call) -> str:
    """Return the last word of what is called."""
    return ast.unparse(node.func).rpartition(".")[2]


def root_of(node: ast.Call) -> str:
    """Return the first word of what is called: the name that a package, or what it has, goes by."""
    return ast.unparse(node.func).partition(".")[0]


def given(node: ast.Call, names: Sequence[str]) -> dict[str, ast.expr]:
    """Return the arguments of a call by their names, of which `names` are those in order.

    Raises:
        Differs: there are more of them, or they are not written out.
    """
    if len(node.args) > len(names) or any(isinstance(arg, ast.Starred) for arg in node.args):
        raise Differs("its arguments cannot be read")
    found = dict(zip(names, node.args, strict=False))
    for keyword in node.keywords:
        argument = _argument(keyword)
        if argument in found:
            raise Differs(f"{argument} is given twice")
        found[argument] = keyword.value
    return found


def _argument(keyword: ast.keyword) -> str:
    if keyword.arg is None:
        raise Differs("its arguments cannot be read")
    return keyword.arg


def _word(keyword: ast.keyword) -> str:
    if keyword.arg is None:
        raise ValueError(keyword)
    return keyword.arg


def _keys(node: ast.Dict) -> list[ast.expr]:
    keys = [key for key in node.keys if key is not None]
    if len(keys) < len(node.keys):
        raise ValueError(node)
    return keys


def _number(value: Json) -> Json:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.fabs(value) <= _LARGEST:
        raise ValueError(value)
    return value


def _scopes(tree: ast.Module) -> dict[ast.AST, _Scope]:
    """Return the scope in which each node of a file stands."""
    found: dict[ast.AST, _Scope] = {}

    def visit(node: ast.AST, scope: _Scope, prefix: str) -> None:
        found[node] = scope
        _count(node, scope, prefix)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            scope, prefix = _Scope(scope), ""
        elif isinstance(node, ast.ClassDef):
            prefix = f"{prefix}{node.name}."
        for inner in ast.iter_child_nodes(node):
            visit(inner, scope, prefix)

    visit(tree, _Scope(None), "")
    return found


def _count(node: ast.AST, scope: _Scope, prefix: str) -> None:
    """Count what a node gives names; those of a class's body as ``Class.name``."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            scope.values[prefix + name] = value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            scope.values[prefix + name] = value
        case ast.AugAssign(target=target):
            scope.times[prefix + ast.unparse(target)] += 1  # and once more, as a name that is stored
        case ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            scope.times[prefix + name] += 1
        case ast.alias(name=name, asname=other):
            scope.times[(other or name).partition(".")[0]] += 1
    if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
        scope.times[(prefix if isinstance(node, ast.Name) else "") + ast.unparse(node)] += 1
