"""Books of expansions such as augkit up to 0.4 wrote them."""

from __future__ import annotations

from pathlib import Path

from augkit.storage.sealed_json import sealed, unsealed
from support.folders import outputs


def forget(out: Path) -> None:
    """Make an expansion one that augkit 0.4 has planned and not begun: its books tell no folders of classes."""
    path = out / ".augkit/job.json"
    job = unsealed(path.read_bytes())
    assert job is not None
    for part in job["parts"]:
        part.pop("folders", None)
    path.write_bytes(sealed(job))
    for folder in ("shards", "lineage"):
        for file in (out / ".augkit" / folder).iterdir():
            file.unlink()
    written = [out / id for id in outputs(out)]
    for file in written:
        file.unlink()
    for place in {file.parent for file in written}:
        place.rmdir()
    (out / ".augkit/done.json").unlink()
