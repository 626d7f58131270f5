"""Subjects: files of one kind that are damaged, and what reads them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

TEXTS = (".json", ".jsonl", ".csv", ".txt", ".xml", ".yaml", ".yml", ".tsv")


def assert_told(sentence: str) -> None:
    """Assert that a sentence is one, for a person."""
    assert sentence.strip(), "an empty sentence"
    assert "\n" not in sentence, f"several lines: {sentence!r:.300}"
    assert "Traceback" not in sentence, f"a traceback: {sentence!r:.300}"
    assert len(sentence) < 2000, f"a sentence of {len(sentence)} letters: {sentence!r:.300}"


class Subject(ABC):
    """One kind of files.

    Args:
        name: what is damaged.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.files: dict[str, bytes] = {}

    @abstractmethod
    def lay(self, folder: Path) -> None:
        """Write what is sound into an empty folder, and keep in `files` what is to be damaged, by path below it."""

    @abstractmethod
    def ask(self, folder: Path, name: str, data: bytes) -> str:
        """Read what lies in a folder, where `name` holds `data`; return in a word what came of it.

        Raises:
            AugkitError: it is refused.
            AssertionError: what came of it is wrong.
        """

    def is_text(self, name: str) -> bool:
        """Return whether a file is damaged as text, too."""
        return name.endswith(TEXTS)

    def sealed(self, name: str, data: bytes) -> bytes:
        """Return a damaged file with its checksums made anew, where harm would; else as it is."""
        return data
