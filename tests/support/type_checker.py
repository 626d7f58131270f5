"""mypy in a process of its own, which knows what `make check` found out about this checkout, where that was run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SETTINGS = "pyproject.toml"


def type_checked(folder: Path, *paths: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Check files of a folder by this checkout's settings; modules that are as they are here are not checked again."""
    shutil.copy(ROOT / SETTINGS, folder)
    known = ROOT / ".mypy_cache"
    if known.is_dir():  # mypy takes of it what fits the same settings and bytes
        shutil.copytree(known, folder / known.name)
    words = [sys.executable, "-m", "mypy", "--config-file", SETTINGS, *paths]
    env = os.environ | {"PYTHONPATH": ""} | environment
    return subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=False)
