"""Several networks as one, whose answer is the mean of theirs.

Its outputs are such that the probabilities made of them are the mean of the members' calibrated ones: of classes the
logarithm of the mean, of labels its log-odds, of numbers the mean itself. So all that is done with a network can be
done with it. Members that share everything before their heads are held once, with a head each.

Reference: Lakshminarayanan, Pritzel and Blundell, "Simple and scalable predictive uncertainty estimation using deep
ensembles", NeurIPS 2017.
"""

import math
from collections.abc import Callable, Sequence
from typing import ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from augkit.train.heads.fcos_head import BEFORE_CLASSES
from augkit.train.models.network import Network
from augkit.train.models.pyramid_network import PyramidNetwork

ENSEMBLE = "ensemble"  # the name of its architecture
MOST_MEMBERS = 1000
LEAST_CHANCE = 1e-7  # of detectors, which what is less counts as


def _of_classes(outputs: Tensor) -> Tensor:
    return torch.logsumexp(functional.log_softmax(outputs, dim=2), dim=0) - math.log(len(outputs))


def _of_labels(outputs: Tensor) -> Tensor:
    present, absent = (torch.logsumexp(functional.logsigmoid(some), dim=0) for some in (outputs, -outputs))
    return present - absent


def _of_numbers(outputs: Tensor) -> Tensor:
    return outputs.mean(0)


def _of_places(outputs: Tensor) -> Tensor:
    """Return what detectors say of each place: the mean of their chances, and of their boxes, the surer the more.

    Rows are those of `FcosHead`.
    """
    central, chances = torch.sigmoid(outputs[..., 4:5]), torch.sigmoid(outputs[..., BEFORE_CLASSES:])
    sure = (chances.amax(-1, keepdim=True) * central).clamp(min=LEAST_CHANCE)
    boxes = (outputs[..., :4] * sure).sum(0) / sure.sum(0)
    centre, classes = (torch.logit(mean, eps=LEAST_CHANCE) for mean in (central.mean(0), chances.mean(0)))
    return torch.cat([boxes, centre, outputs[0, ..., 5:BEFORE_CLASSES], classes], -1)


# By the kind of task: outputs over their temperatures (members, B, k, ...) -> outputs (B, k, ...).
MEANS: dict[str, Callable[[Tensor], Tensor]] = {
    "classes": _of_classes,
    "labels": _of_labels,
    "numbers": _of_numbers,
    "segment": _of_classes,  # at each place
    "detect": _of_places,
}


@final
class Ensemble(Network):
    """Networks that are asked together, none of which learns any more.

    Args:
        members: take the same pictures, and have as many outputs.
        heads: further heads of the first one's features.
        kind: of the task, a key of `MEANS`.
    """

    head_name: ClassVar[str] = ""
    classifying: ClassVar[tuple[str, ...]] = ("members", "heads")

    def __init__(self, members: Sequence[Network], heads: Sequence[nn.Module], kind: str) -> None:
        super().__init__()
        self.members, self.heads = nn.ModuleList(members), nn.ModuleList(heads)
        self.temperatures = nn.Buffer(torch.ones(len(members) + len(heads)))
        self.widths = [
            member.width if isinstance(member, PyramidNetwork) else member.last_layer.in_features for member in members
        ]
        self.mean = MEANS[kind]

    def features(self, x: Tensor) -> Tensor:
        """Return the features of all members side by side (B, F1 + F2 + ...)."""
        return torch.cat([member.features(x) for member in self.networks], dim=1)

    def classify(self, features: Tensor) -> Tensor:
        parts = torch.split(features, self.widths, dim=1)
        said = [member.classify(part) for member, part in zip(self.networks, parts, strict=True)]
        first = self.networks[0]
        given = first.maps(parts[0]) if isinstance(first, PyramidNetwork) else parts[0]
        outputs = torch.stack([*said, *(head(given) for head in self.heads)])
        return self.mean(outputs / self.temperatures.view(-1, *[1] * (outputs.dim() - 1)))

    @property
    def networks(self) -> list[Network]:
        """The members."""
        return [member for member in self.members if isinstance(member, Network)]
