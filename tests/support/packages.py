"""Installed distributions, made offline: modules and a dist-info folder on a path."""

from __future__ import annotations

from pathlib import Path


def install(site: Path, name: str, modules: dict[str, str], entry_points: dict[str, dict[str, str]]) -> Path:
    """Lay a distribution into a folder for PYTHONPATH, as pip lays a wheel into site-packages.

    Args:
        site: the folder.
        name: of the distribution.
        modules: their source, by file name.
        entry_points: by group: what each name stands for, such as ``{"augkit.formats": {"list": "augkit_list"}}``.
    """
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    groups = (
        "\n".join([f"[{group}]", *(f"{name} = {value}" for name, value in found.items()), ""])
        for group, found in entry_points.items()
    )
    (info / "entry_points.txt").write_text("\n".join(groups))
    for file, source in modules.items():
        (site / file).write_text(source)
    return site
