"""Every option of ``augkit split``: a data set is divided as it is where it is expanded or learnt from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from augkit.configuration import Configuration, Option, Place, PlaceOrNone, Takes, Texts, converted
from augkit.expand.expand_config import fractions_or_file


class SplitConfig(Configuration):
    """All that says how a data set is divided."""

    source: Annotated[Place, Option(argument="SRC")] = Field(
        description="A data set, of any format: see augkit formats."
    )
    split: Annotated[
        Takes[str | os.PathLike[str] | Mapping[str, float] | None, dict[Literal["train", "val", "test"], float] | str],
        converted(fractions_or_file),
        Option(
            rule="text such as train=0.9,val=0.1, fractions by name or a CSV file",
            shown_default="SRC's own, or train=0.8,val=0.1,test=0.1",
        ),
    ] = Field(default={}, validate_default=True, description="Fractions, or a CSV file of ids and splits.")
    groups: PlaceOrNone = Field(
        default=None,
        validate_default=True,
        description="What stays together in a split: a pattern over ids, a CSV file or a column.",
    )
    split_seed: int = Field(default=0, description="Seed of the split.")
    ignore: Annotated[Texts, Option(metavar="PATTERN", is_many=True, rule="patterns, such as *.xml")] = Field(
        default=(),
        validate_default=True,
        description="Files, columns or keys of SRC that may be left; may be repeated.",
    )
    allow_urls: Annotated[bool, Option(decides=False)] = Field(
        default=False, description="Read pictures that tables name by http and https URLs, never of this network."
    )
    allow_links: Annotated[bool, Option(decides=False)] = Field(
        default=False, description="Follow links that lead out of SRC."
    )
