"""Run benchmarks, all or those named: print tables, write figures with machine and versions to benchmarks/results/."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

BENCHMARKS = (
    "transforms_alone",
    "chains",
    "large_sources",
    "picture_quality",
    "label_quality",
    "six_tactics",
    "expansion",
    "large_expansion",
    "loading",
    "worker_memory",
    "learning",
    "policies",
)  # modules of this folder, each with `measure` and `table`
RESULTS = Path(__file__).parent / "results"
PACKAGES = ("augkit", "albumentations", "numpy", "opencv-python-headless", "scikit-learn", "simplejpeg", "torch")


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {"cpu": _cpu(), "cores": os.cpu_count(), "system": f"{platform.system()} {platform.machine()}"}


def versions() -> dict[str, str]:
    """Return the versions of everything measured."""
    return {"python": platform.python_version()} | {package: version(package) for package in PACKAGES}


def _cpu() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text("utf-8").splitlines() if facts.is_file() else []
    told = dict(line.replace("\t", "").split(":", 1) for line in lines if ":" in line)
    if "model name" not in told:
        return platform.processor()
    return f"{told['model name'].strip()} (family {told['cpu family'].strip()}, model {told['model'].strip()})"


def main(names: Sequence[str]) -> None:
    """Run the named ones, or all, each on one thread."""
    unknown = sorted(set(names) - set(BENCHMARKS))
    if unknown:
        raise SystemExit(f"benchmarks: must be {' or '.join(BENCHMARKS)}, got {' '.join(unknown)}.")
    os.environ |= {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}  # before NumPy is loaded
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # it would ask the network for a newer version
    RESULTS.mkdir(exist_ok=True)
    for name in names or BENCHMARKS:
        benchmark = import_module(f"benchmarks.{name}")
        found = benchmark.measure()
        print(benchmark.table(found), flush=True)
        told = {"machine": machine(), "versions": versions(), "threads": 1, **found}
        (RESULTS / f"{name}.json").write_text(json.dumps(told, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
