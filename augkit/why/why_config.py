"""Options of an explanation: of which run, and how closely it is looked at."""

from typing import Annotated

from pydantic import Field

from augkit.configuration import Configuration, Option, Place, PlaceOrNone


class WhyConfig(Configuration):
    """All that says which run is explained, and how closely it is looked at."""

    run: Annotated[Place, Option(argument="RUN")] = Field(description="The folder of a run of classes that has ended.")
    out: Annotated[PlaceOrNone, Option(metavar="DIR", shown_default="why, in RUN")] = Field(
        default=None, validate_default=True, description="A folder for the page, the figures and the YAML file."
    )
    pictures: int = Field(
        default=300, ge=20, le=100_000, description="Pictures of each part that are looked at, at most."
    )
    copies: int = Field(default=20, ge=2, le=1000, description="Copies of each of them.")
    shuffles: int = Field(default=999, ge=99, le=100_000, description="Times that numbers are shuffled, for chance.")
    skip_doubts: bool = Field(
        default=False,
        description="Train no networks, which takes longest: look for no labels that may be wrong, nor whether a"
        " narrowed pipeline teaches more.",
    )
    folds: int = Field(default=4, ge=2, le=20, description="Parts of train, each judged by what the others teach.")
    steps: int = Field(default=300, ge=1, le=100_000, description="Steps of a small network that judges labels.")
    side: int = Field(default=96, ge=32, le=1024, description="Pixels of a frozen network's input for that, at most.")
