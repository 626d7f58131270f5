"""Run benchmarks, all or those named: print tables, write figures with machine and versions to benchmarks/results/.

Arguments are names of benchmarks; ``check`` races again and compares with the committed figures, and exits with 1 where
something became slower; ``page`` only writes docs/speed.md from the figures that are there.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.speed_page import RESULTS, renew

BENCHMARKS = (  # modules of this folder, each with `measure` and `table`
    "transforms_alone",
    "chains",
    "large_sources",
    "six_tactics",
    "expansion",
    "large_expansion",
    "loading",
    "growth",
    "worker_memory",
    "picture_quality",
    "label_quality",
    "policies",
)
LONG = (
    "learning",
    "segmentation",
    "defaults",
    "verdicts",
    "planted",
    "found_copies",
    "second_run",
    "threads",
    "stopping",
    "final_networks",
    "choosing",
    "chance",
    "detection",
    "outages",
    "soak",
    "mutations",
)  # run when named: what pictures teach, and what a job survives
PACKAGES = ("augkit", "albumentations", "numpy", "opencv-python-headless", "scikit-learn", "simplejpeg", "torch")


def machine() -> dict[str, Any]:
    """Return what the figures depend on; the load is that of the last minute, 1 for each busy core."""
    system = f"{platform.system()} {platform.machine()}"
    load, path = round(os.getloadavg()[0], 1), import_module("augkit.compiled").path
    return {"cpu": _cpu(), "cores": os.cpu_count(), "system": system, "load": load, "kernels": path}


def versions() -> dict[str, str]:
    """Return the versions of everything measured."""
    return {"python": platform.python_version()} | {package: version(package) for package in PACKAGES}


def _written(found: dict[str, Any]) -> str:
    """Return JSON whose innermost lists and objects stand on a line each."""
    text = json.dumps(found, indent=1)
    for inner in (r"\[[^\[\]{}]*\]", r"\{[^\[\]{}]*\}"):
        text = re.sub(inner, lambda match: re.sub(r"\s*\n\s*", " ", match[0]), text)
    return f"{text}\n"


def _cpu() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text("utf-8").splitlines() if facts.is_file() else []
    told = dict(line.replace("\t", "").split(":", 1) for line in lines if ":" in line)
    if "model name" not in told:
        return platform.processor()
    return f"{told['model name'].strip()} (family {told['cpu family'].strip()}, model {told['model'].strip()})"


def main(names: Sequence[str]) -> None:
    """Run the named ones, or all, each on one thread."""
    known = (*BENCHMARKS, *LONG, "check", "page")
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise SystemExit(f"benchmarks: must be {' or '.join(known)}, got {' '.join(unknown)}.")
    os.environ |= {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}  # before NumPy is loaded
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # it would ask the network for a newer version
    if set(names) != {"page"} and import_module("augkit.compiled").library is None:
        raise SystemExit("benchmarks: augkit must have its library in C, and it cannot be loaded. Run: make library")
    if "check" in names:
        raise SystemExit(int(import_module("benchmarks.comparison").compare()))
    RESULTS.mkdir(exist_ok=True)
    for name in names or BENCHMARKS:
        if name == "page":
            continue
        started, facts = time.perf_counter(), machine()
        benchmark = import_module(f"benchmarks.{name}")
        found = benchmark.measure()
        seconds = round(time.perf_counter() - started, 1)
        print(f"{benchmark.table(found)}\n({seconds:.0f} s)\n", flush=True)
        told = {"machine": facts, "versions": versions(), "threads": 1, "seconds": seconds, **found}
        (RESULTS / f"{name}.json").write_text(_written(told), "utf-8")
    renew()


if __name__ == "__main__":
    main(sys.argv[1:])
