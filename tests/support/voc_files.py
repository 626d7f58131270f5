"""Pieces of Pascal VOC's XML."""

from __future__ import annotations

SIZE = "<size><width>32</width><height>24</height><depth>3</depth></size>"
BOX = "<bndbox><xmin>3</xmin><ymin>4</ymin><xmax>7</xmax><ymax>10</ymax></bndbox>"
CAT = f"<object><name>cat</name>{BOX}</object>"


def xml(*parts: str) -> str:
    return f"<annotation><filename>a.jpg</filename>{''.join(parts)}</annotation>"


def box(left: float, top: float, right: float, bottom: float) -> str:
    edges = {"xmin": left, "ymin": top, "xmax": right, "ymax": bottom}
    return f"<bndbox>{''.join(f'<{name}>{value}</{name}>' for name, value in edges.items())}</bndbox>"


FACTS = "<pose>Left</pose><truncated>1</truncated><difficult>1</difficult><occluded>1</occluded>"
PART = f"<part><name>head</name>{box(4, 5, 6, 7)}</part>"
