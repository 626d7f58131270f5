"""A learner for pixels: a small network that is trained from scratch for a few hundred steps."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from augkit.core.arrays import Array, JsonObject, Reals
from augkit.train.batches.stream import draws_of, steps_of
from augkit.train.loop.running_mean import follow
from augkit.train.models import Architecture, Network
from augkit.train.models.modules import Dropping
from augkit.train.models.network import set_mode
from augkit.train.trials.learner import Learner, Learnt

RATE, DECAY = 4e-3, 0.01  # as the trainer's own defaults
JUDGED = 512  # pictures that are judged at once


@final
@dataclass(frozen=True, eq=False)
class LearntNetwork(Learnt):
    """A network that was trained."""

    network: Network
    architecture: Architecture

    def log_chances(self, view: Array) -> Reals:
        self.network.eval()
        found = []
        with torch.no_grad():
            for first in range(0, len(view), JUDGED):
                pictures = self.architecture.preprocessing.normalise(torch.from_numpy(view[first : first + JUDGED]))
                found.append(functional.log_softmax(self.network(pictures).double(), dim=1).numpy())
        whole: Reals = np.concatenate(found)
        return whole


@final
@dataclass(frozen=True)
class NetworkLearner(Learner):
    """Train small networks.

    Nothing in it is drawn but the first weights and the order of pictures, so that networks may learn side by side:
    dropout, whose numbers come from one generator of the whole process, is left out.

    Args:
        architecture: of the network.
        steps: how many.
        batch: pictures a step.
        smoothing: of labels.
        ema: of the weights' running mean, which is what is learnt; 0 for the weights as they end.
    """

    architecture: Architecture
    steps: int
    batch: int = 64
    smoothing: float = 0.0
    ema: float = 0.0

    def learnt(self, views: Sequence[Array], classes: Array, seed: int) -> LearntNetwork:
        network = self.architecture.build(seed)
        set_mode(network, False)
        for module in network.modules():
            if isinstance(module, (Dropping, nn.Dropout)):
                module.p = 0.0
        mean = deepcopy(network) if self.ema else network
        truths, count = torch.from_numpy(classes), len(classes)
        optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=self.steps)
        done, batches = 0, steps_of(count, self.batch)
        for epoch in range(-(-self.steps // batches)):
            view = views[epoch % len(views)]
            for draws in draws_of(count, self.batch, seed, epoch)[: self.steps - done]:
                places = [draw.index for draw in draws]
                pictures = self.architecture.preprocessing.normalise(torch.from_numpy(view[places]))
                optimizer.zero_grad()
                loss = functional.cross_entropy(network(pictures), truths[places], label_smoothing=self.smoothing)
                loss.backward()  # type: ignore[no-untyped-call]  # torch's own
                optimizer.step()
                schedule.step()
                if self.ema:
                    follow(mean.state_dict(), network.state_dict(), self.ema, done)
                done += 1
        return LearntNetwork(mean, self.architecture)

    def described(self) -> JsonObject:
        mine = {"steps": self.steps, "batch": self.batch, "smoothing": self.smoothing, "ema": self.ema}
        return {"network": self.architecture.described(), **mine}
