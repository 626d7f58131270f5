"""Record what a release of augkit makes of the corpus, for all later code to be compared with.

`expected-0.1.json`, `jobs-0.1.tar.xz` and `artefacts/` were made with release 0.1, commit 0dbbd8b, in a worktree::

    git worktree add ../old 0dbbd8b
    cd /tmp  # anywhere but in this checkout, whose own augkit would be found first
    PYTHONPATH=CHECKOUT/../old:CHECKOUT/tests CHECKOUT/.venv/bin/python -m corpus.record 0.1.0 expected-0.1.json

The same command records it again where the libraries of ``constraints.txt`` are renewed: their bytes change, augkit's
must not, and the code of 0.1 is the judge of which is which. Models are kept as they are unless ``--train`` is given,
since those that were trained then are what users hold.

To extend the corpus, add a case and record again; git shows that nothing but the new case has changed. What only a
later release can do is recorded with that release, into a file of its own (``expected-0.2.json``), from cases of its
own. What a later release does otherwise on purpose is recorded, with its reason, by `change`.
"""

from __future__ import annotations

import argparse
import json
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import augkit as ak
from corpus import cases, machine, networks, outcomes, pipelines
from corpus.sources import HERE


def trees(release: str) -> dict[str, Any]:
    """Return the outcome of every job."""
    found = {}
    for name, job in cases.jobs().items():
        with TemporaryDirectory() as folder:
            found[name] = outcomes.abbreviated(outcomes.outcome(job, Path(folder), release))
    return found


def plans() -> dict[str, Any]:
    """Return every pipeline as it is dumped, the plan it draws, and what that makes of the samples."""
    return {name: plan(name) for name in (*pipelines.pipelines(), *pipelines.BUNDLED)}


def plan(name: str) -> dict[str, Any]:
    """Return a pipeline as it is dumped, the plan it draws, and what that makes of the samples."""
    with TemporaryDirectory() as folder, outcomes.meant_as_before():
        ak.dump(pipelines.loaded(name, Path(folder)), Path(folder) / "dumped.yaml")
        stated = (Path(folder) / "dumped.yaml").read_text(encoding="utf-8")
        dumped = stated.removeprefix("behaviour: 1\n")  # which 0.1 did not say
        drawn = outcomes.drawn(name, Path(folder))
    cpu, reference = outcomes.shown(drawn), outcomes.shown(drawn, outcomes.REFERENCE, "full")
    return {"yaml": dumped, "plan": drawn.to_json(), "cpu": cpu, "reference": _other(cpu, reference)}


def _other(cpu: Any, reference: Any) -> Any:
    """Return what of the full sample the reference makes otherwise; labels are the same."""
    if isinstance(reference["full"], str):
        return reference["full"]
    return {name: value for name, value in reference["full"].items() if cpu["full"][name] != value}


def keep_jobs(path: Path, release: str) -> None:
    """Write the trees of some jobs into a tar, as their first commands leave them."""
    with tarfile.open(path, "w:xz") as tar:
        for name in cases.KEPT:
            with TemporaryDirectory() as folder:
                job = cases.jobs()[name]
                outcomes.outcome(cases.Job(job.files, job.commands[:1]), Path(folder), release)
                for file in sorted((Path(folder) / "out").rglob("*")):
                    below = file.relative_to(folder).as_posix()
                    if file.is_file() and not below.endswith("source.txt"):
                        tar.addfile(_info(f"{name}/{below}", file), file.open("rb"))


def _info(name: str, file: Path) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = file.stat().st_size
    return info


def train(folder: Path) -> None:
    """Train every network of the corpus, to be kept."""
    for name, command in networks.TRAINED.items():
        with TemporaryDirectory() as place:
            outcomes.lay(networks.taught(name), Path(place))
            assert outcomes.command(Path(place), command) == 0
            folder.mkdir(exist_ok=True)
            (folder / f"{name}.safetensors").write_bytes((Path(place) / "run/model.safetensors").read_bytes())


def predictions() -> dict[str, Any]:
    """Return what every network says, by its name and the question."""
    found = {}
    for name in networks.TRAINED:
        for question in networks.ASKED:
            with TemporaryDirectory() as folder:
                found[f"{name}, {question}"] = networks.said(name, question, Path(folder))
    return found


def main() -> None:
    """Record the corpus with the augkit that Python finds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("release", help="the version that jobs record, as 0.1.0")
    parser.add_argument("file", help="the name of the file of JSON to write, beside this one")
    parser.add_argument("--train", action="store_true", help="train the networks too")
    given = parser.parse_args()
    assert ak.__file__ is not None
    if HERE.parent.parent in Path(ak.__file__).parents:
        raise SystemExit(f"record.py must run the code of {given.release}, got {ak.__file__}. Set PYTHONPATH.")
    if given.train:
        train(HERE / "artefacts")
    keep_jobs(HERE / given.file.replace("expected", "jobs").replace(".json", ".tar.xz"), given.release)
    found: dict[str, Any] = {
        "release": given.release,
        "libraries": machine.libraries(),
        "arithmetic": machine.arithmetic(),
        "trees": trees(given.release),
        "plans": plans(),
        "predictions": predictions(),
    }
    text = json.dumps(found, ensure_ascii=False, indent=None, separators=(",", ":"))
    for name in ("trees", "plans", "predictions"):  # a line a case, so that git shows which has changed
        for case, value in found[name].items():
            entry = json.dumps({case: value}, ensure_ascii=False, separators=(",", ":"))[1:-1]
            text = text.replace(entry, f"\n{entry}", 1)
    assert json.loads(text) == found
    (HERE / given.file).write_text(text + "\n", encoding="utf-8")
    print(f"{given.file}: {len(text):,} bytes, recorded with {ak.__file__}")


if __name__ == "__main__":
    main()
