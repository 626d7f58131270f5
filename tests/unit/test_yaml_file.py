"""Laws of the YAML door, and a table of files it refuses, each with the line it must name."""

import contextlib
import math
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

from augkit import yaml_file
from augkit.errors import ArgumentError, FileError

SIX = """\
# the six tactics
border: reflect
steps:
  - Mirror: {chance: 0.5}
  - Rotate:
      degrees: [-15, 15]

  - OneOf:
      - Brightness: {factor: [0.8, 1.2]}
"""

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=20
)


def assert_same(left: Any, right: Any) -> None:
    """Equal, of the same types (1 is not 1.0 or True) and the same key order."""
    assert repr(left) == repr(right)


@given(trees)
@example({"a": [], "b": {}, "": [[[]]], "c": [[1, 2], [3, 4]], "d": [{"x": [{}]}]})
@example(
    ["1e-3", "yes", "~", "0x1f", "010", "2024-01-31", "12:30:45", ".inf", "<<", "=", "-", "a: b", "a #b", "...", "---"]
)
@example(["\ufeff", "\x85", "\u2028", "\t", "\r\n", " a ", "'", '"', "\\", "\U0001f600", "\x7f", "\n\n a\n"])
@example([5e-324, 1e22, -0.0, 0.1, 1e16, math.inf, -math.inf, 2**100])
@example({"k" * 3000: 1, "line\nbreak": 2})
def test_what_is_written_reads_back_the_same(data: Any) -> None:
    text = yaml_file.dumps(data)
    assert_same(yaml_file.parse(text).data, data)
    assert yaml_file.dumps(data) == text


@given(st.text(max_size=60) | st.text(alphabet="a:-[]{},'\"\n\t #&*!|>%?<\\xuU0.", max_size=40))
@example('"\\UFFFFFFFF"')
@example('"\\U00110000"')
@example("%YAML 9" + "9" * 5000 + ".1\n---\na")
def test_any_text_is_read_or_refused_in_one_sentence(text: str) -> None:
    message, line = refusal(text)
    if message:
        assert re.fullmatch(r"must .+, got .+\. [A-Z].+\.", message), message
        assert 1 <= line <= len(re.findall("[\r\n\x85\u2028\u2029]", text)) + 1
        assert len(message) < 250


def refusal(text: str) -> tuple[str, int]:
    try:
        yaml_file.parse(text, "x.yaml")
    except FileError as error:
        return error.message, int(error.where.removeprefix("x.yaml:"))
    return "", 0


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.yaml"
    path.write_bytes(content)
    with contextlib.suppress(FileError):  # and nothing else
        yaml_file.read(path)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[(f, float(f)) for f in ["1e-3", "1E3", "+1.5e+2", "1.", ".5", "-.5e1", "1e5"]],
        *[(i, int(i)) for i in ["0", "-7", "+7", "010", "00"]],
        *[
            ("0x1F", 31),
            ("0o17", 15),
            (".inf", math.inf),
            ("-.INF", -math.inf),
            ("~", None),
            ("null", None),
            ("Null", None),
        ],
        *[("true", True), ("False", False), ("TRUE", True)],
        *[(s, s) for s in ["yes", "No", "on", "OFF", "y", "tRUE", "nULL"]],
        *[
            (s, s)
            for s in ["2024-01-31", "2024-01-31 10:00:00", "12:30:45", "1_000", "0b11", "e5", ".", "1e", "=", "0x"]
        ],
        *[("'1'", "1"), ('"true"', "true"), ("''", ""), ("|\n  a\n  b", "a\nb"), (">\n  a\n  b", "a b")],
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    assert_same(yaml_file.parse(f"a: {text}").data, {"a": value})


REFUSED = {
    "nothing": ("", 1, "empty file"),
    "only a comment": ("# here\n\n", None, "empty file"),
    "duplicate key": ("a: 1\nb: 2\n'a': 3\n", 3, "'a' again after line 1"),
    "duplicate key deep inside": ("steps:\n  - x: 1\n    y: 2\n    x: 3", 4, "'x' again after line 2"),
    "anchor": ("a: 1\nb: &x 2\n", 2, "anchors"),
    "anchor on a list": ("a:\n  &x\n  - 1\n", 2, "anchors"),
    "alias": ("a: 1\nb: *x\n", 2, "aliases"),
    "alias as key": ("a: 1\n*x : 1\n", 2, "aliases"),
    "merge key": ("a: 1\n<<: {b: 1}\n", 2, "merge"),
    "python tag": ("a: 1\nb: !!python/object/apply:os.system [ls]\n", 2, "tags"),
    "own tag": ("a: !mine 1\n", 1, "tags"),
    "standard tag": ("a: 1\nb: !!str 1\n", 2, "tags"),
    "bare tag": ("a: ! 1\n", 1, "tags"),
    "tag on a key": ("!!str a: 1\n", 1, "tags"),
    "second document": ("a: 1\n---\nb: 1\n", 2, "second"),
    "number as key": ("a: 1\n2: 3\n", 2, "got '2'"),
    "boolean as key": ("a:\n  true: 1\n", 2, "got 'true'"),
    "null as key": ("a: 1\n~: 1\n", 2, "got '~'"),
    "missing key": (": 1\n", 1, "YAML"),
    "list as key": ("a: 1\n? [b]\n: 2\n", 2, "keys"),
    "tab as indent": ("a:\n\tb: 1\n", 2, "tab"),
    "tab after colon": ("a: 1\nb:\t1\n", 2, "tab"),
    "NUL": ("a: 1\nb: \0\n", 2, "U+0000"),
    "control character": ("a: 1\n\nb: \x07\n", 3, "U+0007"),
    "NUL in an escape": ('a: 1\nb: "\\0"\n', 2, "NUL"),
    "surrogate in an escape": ('a: 1\nb: "\\ud800"\n', 2, "surrogate"),
    "escape beyond Unicode": ('a: 1\nb: "\\UFFFFFFFF"\n', None, "YAML"),
    "unknown escape": ('a: 1\nb: "\\q"\n', 2, "YAML"),
    "too deep": ("a:\n " + "[" * 50 + "]" * 50, 2, "levels"),
    "far too deep": ("[" * 100_000, 1, "levels"),
    "deep in blocks": ("- " * 100 + "a", 1, "levels"),
    "too large": ("a" * 1_000_001, 1, "1 MB"),
    "a number too long": ("a: 1\nb: " + "9" * 5000, 2, "number"),
    "a hexadecimal number too long": ("a: 1\nb: 0x" + "f" * 5000, 2, "number"),
    "a number too large": ("a: 1\nb: 1e999", 2, "number"),
    "open list": ("a: 1\nb: [1, 2\n\n", 2, "YAML"),
    "open quote": ("a: 1\nb: 'x\nc: 1\n", 2, "YAML"),
    "bad indent": ("a: 1\n  b: 2\n", 2, "YAML"),
    "list inside mapping": ("a: 1\n- b\n", 2, "YAML"),
    "missing colon": ("a: 1\nb\nc: 1\n", None, "YAML"),
    "colon in a value": ("a: 1\nb: c: d\n", 2, "YAML"),
    "at sign": ("a: 1\nb: @x\n", 2, "YAML"),
}


@pytest.mark.parametrize(("text", "line", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_malformed_file_is_refused_with_its_line(text: str, line: int | None, words: str) -> None:
    with pytest.raises(FileError, match=re.escape(words)) as caught:
        yaml_file.parse(text, "x.yaml")
    assert caught.value.where == f"x.yaml:{line}" or line is None
    assert re.fullmatch(r"must [^\n]+, got [^\n]+\. [A-Z][^\n]+\.", caught.value.message)


def test_fifty_levels_are_allowed() -> None:
    data: Any = 1
    for _ in range(50):
        data = [data]
    assert yaml_file.parse(yaml_file.dumps(data)).data == data
    with pytest.raises(ArgumentError, match="at most 50 levels"):
        yaml_file.dumps([data])


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ((), "six.yaml:1"),
        (("border",), "six.yaml:2 border"),
        (("steps",), "six.yaml:3 steps"),
        (("steps", 0), "six.yaml:4 steps[0]"),
        (("steps", 0, "Mirror", "chance"), "six.yaml:4 steps[0].Mirror.chance"),
        (("steps", 1, "Rotate", "degrees", 1), "six.yaml:6 steps[1].Rotate.degrees[1]"),
        (("steps", 2, "OneOf", 0), "six.yaml:9 steps[2].OneOf[0]"),
        (("steps", 9, "None"), "six.yaml:3 steps[9].None"),
        (("nowhere", "a b"), "six.yaml:1 nowhere['a b']"),
    ],
)
def test_every_node_knows_its_place(path: tuple[str | int, ...], where: str) -> None:
    assert yaml_file.parse(SIX, "six.yaml").where(path) == where


def test_style() -> None:
    data = {
        "steps": [{"Crop": {"size": (2, 3)}}, {"OneOf": [{"Hue": {"degrees": 1e-07}}, {"Blur": {}}]}],
        "names": ["yes", "a b", "7"],
    }
    assert yaml_file.dumps(data) == (
        "steps:\n"
        "  - Crop: {size: [2, 3]}\n"
        "  - OneOf:\n"
        "      - Hue: {degrees: 1.0e-07}\n"
        "      - Blur: {}\n"
        'names: ["yes", a b, "7"]\n'
    )


@pytest.mark.parametrize("data", [{1: 2}, {"a": {None: 1}}, object(), b"x", {"a": {1, 2}}, "\0", ["\ud800"]])
def test_what_is_not_plain_data_is_refused(data: Any) -> None:
    with pytest.raises(ArgumentError, match=r"data: must .+, got .+\."):
        yaml_file.dumps(data)


def test_an_int_too_long_to_print_is_refused() -> None:
    with pytest.raises(ArgumentError, match="got an int of more digits"):
        yaml_file.dumps([10**5000])


def test_files_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "blüte.yaml"
    yaml_file.write({"größe": [1, 2]}, path)
    document = yaml_file.read(str(path))
    assert (document.data, document.name) == ({"größe": [1, 2]}, str(path))
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")  # as Windows writes it
    assert yaml_file.read(path).data == {"a": 1, "b": 2}
    assert yaml_file.read(path).line(("b",)) == 2


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    def message(path: Path, content: bytes | None = None) -> str:
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(FileError) as caught:
            yaml_file.read(path)
        return str(caught.value).removeprefix(str(tmp_path))

    assert message(tmp_path / "no.yaml").startswith("/no.yaml: must be a file that exists, got none. ")
    assert message(tmp_path).startswith(": must be a file, got a folder. ")
    assert message(tmp_path / "\0").startswith("/\\x00: must be a file that exists")
    assert message(tmp_path / "latin.yaml", b"a: 1\nb: caf\xe9\n").startswith(
        "/latin.yaml:2: must be UTF-8, got the byte 0xe9"
    )
    assert message(tmp_path / "huge.yaml", b"#" * 2_000_000).startswith("/huge.yaml:1: must be at most 1 MB")
    assert "must be readable, got: File name too long. " in message(tmp_path / ("x" * 5000))
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "pipe")
        assert message(tmp_path / "pipe").startswith("/pipe: must be a file that exists")


@pytest.mark.parametrize("name", ["no/x.yaml", "a\0b", "."])
def test_files_that_cannot_be_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileError, match="must be a file that can be written"):
        yaml_file.write({}, tmp_path / name)
