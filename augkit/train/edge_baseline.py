"""The baseline beside a small network that learns from nothing: logistic regression on edges in the cells of a picture.

It is what was done before networks, and often better than a small one where there are few pictures.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

import torch
from torch import Tensor
from torch.nn import functional

from augkit.core.arrays import JsonObject
from augkit.loader import Draw
from augkit.train.linear_head import MOST_ROWS, fit_linear
from augkit.train.models import Preprocessing
from augkit.train.models.modules import OrientedEdges
from augkit.train.parts import Role
from augkit.train.setup import Setup
from augkit.train.stream import BATCH, Prepared
from augkit.train.tasks import Evaluation

NAME, LOOKS_AT = "logistic regression", "edges in cells of the picture"
LARGEST = 64  # pixels: of a larger input it would be no moment's work
CELLS, DIRECTIONS = 7, 8  # down and to the right


def edge_baseline(setup: Setup) -> list[JsonObject]:
    """Return the baseline as an entry of a run's metrics; none beside frozen features or for large inputs.

    It learns from the training pictures as they are, and is judged by those that are reported on.
    """
    preprocessing = setup.architecture.preprocessing
    if setup.schedule.is_frozen(0) or setup.task.kind != "classes" or max(preprocessing.size) > LARGEST:
        return []
    learnt, config = setup.surveyed.parts.train, setup.config
    count = min(len(learnt.sources), MOST_ROWS)
    places = [place * len(learnt.sources) // count for place in range(count)]
    rows = torch.cat(list(_edges(setup, "train", places, preprocessing)))
    weights = setup.task.weights(config.class_weights, setup.truths["train"])
    origins = [learnt.origins[place] for place in places]
    head = fit_linear(rows, setup.truths["train"][places], origins, setup.task.outputs, config.seed, weights)
    judged = range(len(setup.surveyed.parts.test.sources))
    outputs = torch.cat([head.logits(edges) for edges in _edges(setup, "test", judged, preprocessing)])
    ids = tuple(source.id for source in setup.surveyed.parts.test.sources)
    evaluation = Evaluation(ids, outputs.double().numpy(), setup.truths["test"].numpy(), setup.task)
    headline = asdict(setup.task.headline(evaluation))
    return [{"name": NAME, "on": LOOKS_AT, "headline": headline, "is_taken": False}]


def _edges(setup: Setup, role: Role, places: Sequence[int], preprocessing: Preprocessing) -> Iterator[Tensor]:
    """Yield the mean edges (B, F) in each cell of some pictures of a part, not augmented."""
    part, config = setup.surveyed.parts[role], setup.config
    prepared = Prepared(part, preprocessing, setup.task, None, config.seed, config.wait)
    height, width = preprocessing.size
    cells = (min(CELLS, height), min(CELLS, width))
    for first in range(0, len(places), BATCH):
        made = prepared.joined([prepared.one(Draw(0, place)) for place in places[first : first + BATCH]])
        edges = OrientedEdges(DIRECTIONS)(preprocessing.normalise(made[0]))
        yield functional.adaptive_avg_pool2d(edges, cells).flatten(1)
