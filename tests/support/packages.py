"""Installed distributions, made offline: modules and a dist-info folder on a path."""

from __future__ import annotations

from pathlib import Path

LIST_FORMAT = '''"""Lists: a text file of paths and classes beside the pictures."""

from augkit.datasets import FORMATS, DataSet, FileWriter, Reader, Source


class ListFormat(Reader, FileWriter):
    """Read and write ``pictures.lst``: a path, a tab and a class a line."""

    name = "list"
    summary = "a list of pictures, `pictures.lst`"
    suffixes = (".lst",)

    def recognises(self, inventory):
        return str(inventory.file).endswith(".lst") or "pictures.lst" in inventory.names()

    def read(self, inventory):
        name = inventory.file or "pictures.lst"
        rows = [line.split("\\t") for line in inventory.read(name).decode().splitlines()]
        sources = [Source(path, inventory.sizes[path], label) for path, label in rows]
        return DataSet.of(self.name, inventory.root, sources, inventory.left_out)

    def folder(self, split):
        return f"{split}/" if split else ""

    def beside(self, part, record, mask):
        return ()

    def whole(self, whole):
        yield "pictures.lst", [f"{path}\\t{record.label}\\n".encode() for path, record in whole.records()]


FORMATS.add("list", ListFormat())
'''


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
