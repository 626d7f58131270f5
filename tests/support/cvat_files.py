"""Pieces of CVAT's XML."""

from __future__ import annotations

BOX = '<box label="cat" source="manual" occluded="0" xtl="2.00" ytl="3.00" xbr="7.00" ybr="10.00" z_order="0"></box>'
POLYGON = '<polygon label="dog" occluded="0" points="1.00,1.00;9.00,1.00;9.00,5.00" z_order="0"/>'


LABELS = (
    "<label><name>dog</name><color>#ff0000</color><type>any</type><attributes><attribute><name>age</name>"
    "<mutable>False</mutable><input_type>number</input_type><default_value>1</default_value><values>1\n9\n1</values>"
    "</attribute></attributes></label><label><name>cat</name><attributes></attributes></label>"
)
MAN = (
    "<label><name>man</name><type>skeleton</type><svg>&lt;line x1=&quot;1&quot;/&gt;</svg></label>"
    "<label><name>nose</name><type>points</type><parent>man</parent></label>"
    "<label><name>tail</name><type>points</type><parent>man</parent></label>"
)


def image(*shapes: str, name: str = "a.jpg", more: str = "", id: int = 0) -> str:
    return f'<image id="{id}" name="{name}" width="32" height="24"{more}>{"".join(shapes)}</image>'


def dump(*images: str, labels: str = LABELS, kind: str = "task") -> str:
    meta = f"<meta><{kind}><id>4</id><name>x</name><labels>{labels}</labels></{kind}><dumped>2024</dumped></meta>"
    start = '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n'
    return f"{start}{meta}\n{''.join(images)}</annotations>\n"


SKELETON = (
    '<skeleton label="man" z_order="0"><points label="tail" occluded="1" outside="0" points="6.50,9.00"/>'
    '<points label="nose" occluded="0" outside="0" points="4.00,5.00"/></skeleton>'
)
