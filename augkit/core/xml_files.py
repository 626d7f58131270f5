"""Strict XML from files that anyone may have written: no entities, no documents elsewhere, few levels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from augkit.errors import FileError

MAX_LEVELS = 100
UNHELD = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")  # characters that XML has no place for


@dataclass(slots=True, eq=False)
class Node:
    """An element: its name, attributes, children in order, text without blanks around it, and the line it begins in."""

    tag: str
    attributes: dict[str, str]
    line: int
    children: list[Node] = field(default_factory=list)
    text: str = ""

    def all(self, tag: str) -> Iterator[Node]:
        """Yield its children of a name."""
        return (child for child in self.children if child.tag == tag)

    def first(self, tag: str) -> Node | None:
        """Return its first child of a name, or None."""
        return next(self.all(tag), None)

    def value(self, *tags: str) -> str:
        """Return the text that lies down a path of names; empty where there is none."""
        node: Node | None = self
        for tag in tags:
            node = None if node is None else node.first(tag)
        return "" if node is None else node.text


def xml_of(data: bytes, where: str) -> Node:
    """Return the root of an XML document.

    Args:
        data: in any encoding that it declares and expat knows.
        where: the file's name, for messages.

    Raises:
        FileError: it is no XML, declares entities, or has too many levels; the sentence names file and line.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    top = Node("", {}, 0)
    path, texts = [top], [list[str]()]

    def refuse(*_: object) -> NoReturn:
        what = "must be XML without entities of its own, got a declaration of one. Take it out."
        raise FileError(what, f"{where}:{parser.CurrentLineNumber}")

    def start(tag: str, attributes: dict[str, str]) -> None:
        if len(path) > MAX_LEVELS:
            what = f"must be XML of at most {MAX_LEVELS} levels, got more."
            raise FileError(what, f"{where}:{parser.CurrentLineNumber}")
        node = Node(tag, attributes, parser.CurrentLineNumber)
        path[-1].children.append(node)
        path.append(node)
        texts.append([])

    def end(_: str) -> None:
        path.pop().text = "".join(texts.pop()).strip()

    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.SkippedEntityHandler = refuse  # of a document elsewhere, which nobody reads
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = lambda text: texts[-1].append(text)
    try:
        parser.Parse(data, True)
    except expat.ExpatError as fault:
        what = f"must be valid XML, got a fault: {expat.ErrorString(fault.code)}, at column {fault.offset + 1}."
        raise FileError(what, f"{where}:{fault.lineno}") from None
    except (ValueError, LookupError) as fault:  # of an encoding that is not known, or of several bytes
        raise FileError(f"must be in an encoding that is known, got: {fault}. Save the file as UTF-8.", where) from None
    return top.children[0]


def xml_text(text: str) -> str:
    r"""Return a text as XML holds it between tags; what XML has no place for becomes a question mark.

    >>> xml_text("a < b\x00")
    'a &lt; b?'
    """
    return escape(_allowed(text))


def xml_value(text: object) -> str:
    """Return a value as XML holds it in an attribute, with its quotes.

    >>> xml_value("a & b")
    '"a &amp; b"'
    """
    return quoteattr(_allowed(str(text)))


def _allowed(text: str) -> str:
    return UNHELD.sub("?", text)
