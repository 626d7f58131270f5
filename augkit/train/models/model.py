"""Models: networks that are known by a name, each of which adds itself to `MODELS` from a file of its own."""

from collections.abc import Callable
from dataclasses import dataclass

from augkit.core.arrays import Json
from augkit.registers import Register
from augkit.train.models.network import Network
from augkit.train.models.preprocessing import Preprocessing

IMAGENET = Preprocessing((224, 224), 3, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), 256)  # as torchvision's weights


@dataclass(frozen=True)
class Pretrained:
    """Weights of a model that a package carries."""

    package: str  # its name, as it is imported
    path: str  # of the file in it
    sha256: str  # of the file
    extra: str  # of augkit, that installs it


@dataclass(frozen=True)
class Model:
    """A network by its name: either a class of its own, or a list of layers as a model file has it."""

    preprocessing: Preprocessing  # as whoever trained weights for it fed them, or the usual input of a list of layers
    build: Callable[[int], Network] | None = None  # gives the network with a head of some outputs
    layers: list[Json] | None = None  # of a network that takes inputs of any size
    pretrained: Pretrained | None = None  # weights that a package carries


MODELS: Register[Model] = Register("model", "augkit.train.models", "augkit.models")
