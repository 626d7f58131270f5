"""The notes' network as a model file."""

from pathlib import Path

NOTES = """\
input: 32x32x3
layers:
  - conv: {filters: 6, kernel: 5}
  - relu
  - pool: 2
  - conv:
      filters: 8
      kernel: [5, 5, 6]
  - relu
  - pool: {size: 2, kind: max}
  - flatten
  - dense: 60
  - relu
  - dense: classes
"""


def written(folder: Path, text: str = NOTES) -> Path:
    """Write a model file and return its path."""
    path = folder / "net.yaml"
    path.write_text(text, "utf-8")
    return path
