"""Options of a choice: for which data an augmentation is chosen, and among which."""

from typing import Annotated, Literal

from pydantic import Field

from augkit.configuration import Configuration, Option, Place, PlaceOrNone, Texts
from augkit.train.train_config import Duplicates, NearDuplicates


class ChooseConfig(Configuration):
    """All that says for which data an augmentation is chosen, and how closely it is looked at."""

    data: Annotated[Place, Option(argument="DATA")] = Field(description="A data set of classes.")
    out: Annotated[Place, Option(metavar="DIR")] = Field(
        description="A folder for the YAML file, the page and what they are made of."
    )
    pipelines: Annotated[Texts, Option(name="pipeline", metavar="P", is_many=True, rule="names or files")] = Field(
        default=(), validate_default=True, description="A pipeline of your own that competes too; repeatable."
    )
    model: Place = Field(
        default="auto",
        validate_default=True,
        description="auto, a name or a YAML file: what the augmentation is for, as augkit train takes it.",
    )
    weights: PlaceOrNone = Field(
        default=None, validate_default=True, description="pretrained, or a file of weights, which stay frozen."
    )
    pictures: int = Field(default=400, ge=20, le=100_000, description="Pictures that are looked at, at most.")
    side: int = Field(
        default=96, ge=32, le=1024, description="Pixels of a frozen network's input, at most: smaller is faster."
    )
    folds: int = Field(default=4, ge=2, le=20, description="Parts of which each is judged by what the others teach.")
    repeats: int = Field(default=3, ge=1, le=20, description="Times that all folds are dealt anew for the finalists.")
    copies: Annotated[int | None, Option(shown_default="2 for a frozen network, 8 for one from scratch")] = Field(
        default=None, ge=1, le=50, description="Augmented copies of each picture in one repeat."
    )
    steps: int = Field(default=120, ge=1, le=100_000, description="Steps of a network, where none is frozen.")
    rounds: int = Field(default=3, ge=0, le=20, description="Steps that the built pipeline has at most.")
    label: Annotated[str | None, Option(metavar="COLUMN")] = Field(
        default=None, description="Column of a manifest that is to be learnt."
    )
    fit: Annotated[Literal["auto", "crop", "pad", "squeeze"], Option(shown_default="as the model's own")] = Field(
        default="auto", description="As for augkit train: {choices}."
    )
    paper: str = Field(default="white", description="Colour below what is transparent: a name, or #ffeedd.")
    split: Annotated[PlaceOrNone, Option(shown_default="train=0.7,val=0.15,test=0.15")] = Field(
        default=None,
        validate_default=True,
        description="For a data set without splits, as for augkit train: fractions, or a CSV file.",
    )
    split_seed: int = Field(default=0, description="Seed of the split.")
    groups: PlaceOrNone = Field(
        default=None,
        validate_default=True,
        description="What stays together in splits and folds: a pattern over ids, a CSV file or a column.",
    )
    ignore: Annotated[Texts, Option(metavar="PATTERN", is_many=True, rule="patterns, such as *.xml")] = Field(
        default=(), validate_default=True, description="Files, columns or keys of DATA that may be left; repeatable."
    )
    allow_urls: bool = Field(
        default=False, description="Read pictures that tables name by http and https URLs, never of this network."
    )
    allow_links: bool = Field(default=False, description="Follow links that lead out of DATA.")
    duplicates: Duplicates = Field(
        default="group", description="Pictures of the same bytes in several parts, as for augkit train: {choices}."
    )
    near_duplicates: NearDuplicates = Field(
        default="tell", description="Pictures that look nearly the same in several parts, likewise: {choices}."
    )
    seed: int = Field(default=0, description="Seed of draws, folds and learners.")
    threads: int = Field(default=0, ge=0, le=1024, description="CPU threads, 0 for torch's: what is found is the same.")
    max_rejected: float = Field(
        default=0.01, ge=0.0, le=1.0, description="The greatest fraction of pictures that may be unreadable."
    )
    wait: Annotated[float, Option(rule="a number of seconds from 0 on")] = Field(
        default=60.0, ge=0.0, description="Seconds to wait for a picture that cannot be read; 0 for none."
    )
