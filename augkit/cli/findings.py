"""Findings of a command that looks for something: sentences and a page, or all figures as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Protocol

from typer import Option

from augkit.cli.output import say

if TYPE_CHECKING:
    from augkit.core.arrays import JsonObject

AsJson = Annotated[bool, Option("--json", help="Print all figures as JSON.")]


class Findings(Protocol):
    """What was found, and in how much time."""

    @property
    def seconds(self) -> float: ...

    def told(self) -> Iterable[str]: ...

    def described(self) -> JsonObject: ...


def say_found(findings: Findings, page: str, *further: str, as_json: bool) -> None:
    """Print the findings, where their page lies, and further sentences; or nothing but their figures."""
    if as_json:
        say(json.dumps(findings.described()))
        return
    say(*findings.told())
    say(f"It took {findings.seconds / 60:.1f} minutes. All about it: {page}")
    for sentence in further:
        say(sentence)
