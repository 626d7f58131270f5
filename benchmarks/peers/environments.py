"""Virtual environments of the peers: made where none is yet, so that no peer's dependencies meet augkit's or another's.

They lie in ``.venv-peers/`` beside the package, or in the folder that ``AUGKIT_PEERS`` names. A peer that does not
install there is told and left out: nothing else is measured differently for that.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

__all__ = ["ENVIRONMENTS", "HERE", "PEERS", "interpreter", "missing"]

ROOT = Path(__file__).parent.parent.parent
PLACE = Path(os.environ.get("AUGKIT_PEERS", ROOT / ".venv-peers"))
HERE = "here"  # the environment that runs the benchmarks

SHARED = ("numpy==2.4.6", "opencv-python-headless==5.0.0.93")  # as in constraints.txt: the same for all contenders
ENVIRONMENTS: Mapping[str, tuple[str, ...]] = {
    "albumentations": ("albumentations==2.0.8", *SHARED),
    "rust": ("variopinta==0.7.0", "augrs-py==0.1.0", *SHARED),
    # AlbumentationsX 2.5 imports torch. The torchvision of the index is built for CUDA: see torchvision_cases.py.
    "torch": (
        "torch==2.13.0",
        "torchvision==0.28.0",
        "kornia==0.9.0",
        "torchtransform==1.0.1",
        "albumentationsx==2.5.1",
        *SHARED,
    ),
}
PEERS: Mapping[str, str] = {  # in the order of the tables, with the environment of each
    "augkit": HERE,
    "albumentations": "albumentations",
    "albumentationsx": "torch",
    "variopinta": "rust",
    "augrs": "rust",
    "torchvision": "torch",
    "kornia": "torch",
    "torchtransform": "torch",
    "opencv": HERE,
}


def interpreter(environment: str) -> Path:
    """Return the Python of an environment, made at the first call; of those told in `missing` there may be none."""
    if environment == HERE:
        return Path(sys.executable)
    folder = PLACE / environment
    wanted = ENVIRONMENTS[environment]
    told = folder / "made.json"
    if not told.is_file() or json.loads(told.read_text("utf-8"))["wanted"] != list(wanted):
        _make(folder, wanted)
    return folder / "bin" / "python"


def missing(environment: str) -> dict[str, str]:
    """Return the packages that could not be installed into an environment, with pip's last words."""
    if environment == HERE:
        return {}
    interpreter(environment)
    found: dict[str, str] = json.loads((PLACE / environment / "made.json").read_text("utf-8"))["missing"]
    return found


def _make(folder: Path, wanted: Iterable[str]) -> None:
    """Make an environment: one package after the other, so that one which fails takes no other along."""
    print(f"making {folder} ...", file=sys.stderr, flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    failed = {}
    for package in wanted:
        command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", package]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            failed[package] = (done.stderr.strip().splitlines() or ["no word"])[-1]
            print(f"{package} does not install: {failed[package]}", file=sys.stderr, flush=True)
    (folder / "made.json").write_text(json.dumps({"wanted": list(wanted), "missing": failed}) + "\n", "utf-8")
