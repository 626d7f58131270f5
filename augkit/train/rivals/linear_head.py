"""Logistic regression on a network's features: the sanity line beside every head, and a head where it does better.

It is fitted to the end, by L-BFGS, where a head of a network is trained for a number of steps; so it tells
whether those were well spent. How strongly its weights are held back is found by cross-validation on the pictures that
are learnt from alone, in folds that keep all copies and views of an original together. Features are standardised, and
turned into a space of as many dimensions as there are rows where those are few, which changes nothing but the time.

What it minimises and where it stops is what scikit-learn's `LogisticRegression` does, which tests compare it with;
scikit-learn itself imports pandas and scipy.stats, which takes longer than the fit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from augkit.core.key import Key
from augkit.datasets.data_set import Source
from augkit.datasets.folds import folds_of
from augkit.train.models import Network
from augkit.train.rivals.logistic import Classes, Ends, Fitted, Problem, Rows

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # C as scikit-learn has it, on standardised features
USUAL = 1e-2  # where there are too few pictures for folds
FOLDS = 3
MOST_ROWS = 6000  # of features; of more, so many are drawn
MOST_FOLDED = 1500  # of these, for the folds
LEAST_FOLDED = 4  # rows of a class, for folds to tell anything
STEPS, LEAST_STEPS = 300, 30  # of the search for the best weights, at most and where each is dear
MOST_WORK = 10**11  # products of features and weights, for the folds and for the fit after them: half a minute each
SLOPE = 1e-3  # of the mean loss in any one weight, below which a fit is done
GAIN = 64 * float(np.finfo(float).eps)
LEAST_SPREAD = 1e-6  # of a feature: one that is always the same says nothing


@dataclass(frozen=True)
class LinearHead:
    """A linear layer: weight (k, F) and bias (k), which give logits for features; and the C that made it."""

    weight: Tensor
    bias: Tensor
    strength: float

    def logits(self, features: Tensor) -> Tensor:
        """Return logits (n, k) for features (n, F)."""
        return features @ self.weight.T + self.bias

    @torch.no_grad()
    def put_into(self, network: Network) -> None:
        """Make it the last layer of a network."""
        layer = network.last_layer
        if not isinstance(layer, nn.Linear):
            layer = nn.Linear(self.weight.shape[1], len(self.weight)).to(layer.factor.device)
            network.set_submodule(network.head_name, layer)
        layer.weight.copy_(self.weight)
        layer.bias.copy_(self.bias)


def fit_linear(
    features: Tensor, classes: Tensor, groups: Sequence[str], outputs: int, seed: int, weights: Tensor | None = None
) -> LinearHead:
    """Fit logistic regression; the same rows give the same bits for any number of threads.

    Args:
        features: (n, F).
        classes: (n,) numbers of classes, two different ones at least.
        groups: (n) what a row was made of: rows of one are never divided between folds.
        outputs: how many classes there are; one without a row is never named.
        seed: of the folds and, of more than `MOST_ROWS` rows, of those that are drawn.
        weights: (outputs,) how much a row of each class counts; None for all alike.
    """
    values, truths, origins = features.double().cpu().numpy(), classes.cpu().numpy(), np.asarray(groups)
    random = np.random.default_rng(Key(seed, "linear head").stream("rows").integers(2**63))
    if len(values) > MOST_ROWS:
        kept = np.sort(random.permutation(len(values))[:MOST_ROWS])
        values, truths, origins = values[kept], truths[kept], origins[kept]
    counted = np.ones(outputs) if weights is None else weights.double().cpu().numpy()
    with threadpool_limits(1):
        mean = values.mean(axis=0)
        spread = np.maximum(values.std(axis=0), LEAST_SPREAD)
        rows, basis = _turned((values - mean) / spread)
        strength = _strength(rows, truths, origins, counted, random)
        steps = MOST_WORK // (rows.size * outputs)
        found = _solved(Problem(rows, truths, counted), strength, steps=min(max(steps, LEAST_STEPS), STEPS))
        kernel, bias = np.zeros((outputs, rows.shape[1])), np.full(outputs, -1e3)
        kernel[found.present], bias[found.present] = found.kernel, found.bias
        weight = (kernel @ basis) / spread
        bias = bias - weight @ mean
    return LinearHead(torch.from_numpy(weight).float(), torch.from_numpy(bias).float(), strength)


def _turned(rows: Rows) -> tuple[Rows, Rows]:
    """Return rows (n, r) and a basis (r, F) of fewer directions, if it pays, whose product is the rows (n, F)."""
    if 2 * rows.shape[0] > rows.shape[1]:
        return rows, np.eye(rows.shape[1])
    basis, turned = np.linalg.qr(rows.T)
    return turned.T, basis.T


def _solved(problem: Problem, strength: float, start: Fitted | None = None, steps: int = STEPS) -> Fitted:
    """Return the best weights for a C, searched from those of another one."""
    # Of two classes there is one weight vector in scikit-learn, the difference of ours, which is twice as long.
    both = 2.0 if len(problem.present) == 2 else 1.0
    return problem.solved(both / (strength * problem.whole), Ends(SLOPE / both, steps, GAIN), start)


def _strength(
    rows: Rows, truths: Classes, origins: NDArray[np.str_], counted: Rows, random: np.random.Generator
) -> float:
    """Return the C whose mean loss over held-out folds is least; the usual one where folds could not tell."""
    dear = FOLDS * len(STRENGTHS) * STEPS // 5 * rows.shape[1] * len(counted)  # products of a row; most end early
    some = np.sort(random.permutation(len(rows))[: min(MOST_FOLDED, MOST_WORK // dear)])
    rows, truths, origins = rows[some], truths[some], origins[some]
    is_enough = len(rows) >= LEAST_FOLDED * len(np.unique(truths)) and np.bincount(truths, minlength=1).max() >= FOLDS
    if not is_enough or len(np.unique(origins)) < 2 * FOLDS:
        return USUAL
    sources = [Source(f"{row}", row, f"{truth}") for row, truth in enumerate(truths)]
    folds = np.array(folds_of(sources, origins.tolist(), FOLDS, int(random.integers(2**31))))
    parts: list[tuple[Problem, Classes]] = []
    for fold in range(1, FOLDS + 1):
        learnt, held = folds != fold, np.flatnonzero(folds == fold)
        if len(np.unique(truths[learnt])) >= 2 and len(held):
            few = rows[learnt].astype(np.float32)  # enough to tell one strength from ten times as much
            parts.append((Problem(few, truths[learnt], counted), held))
    best, least = USUAL, np.inf
    found: list[Fitted | None] = [None] * len(parts)
    for strength in STRENGTHS if parts else ():
        loss = 0.0
        for place, (problem, held) in enumerate(parts):
            one = found[place] = _solved(problem, strength, found[place])  # from where the weaker one ended
            sure = np.full((len(held), len(counted)), 1e-6)
            sure[:, one.present] = np.maximum(np.exp(one.logs(rows[held])), 1e-6)
            loss -= float((counted[truths[held]] * np.log(sure[np.arange(len(held)), truths[held]])).sum())
        if loss >= least:  # the loss has one valley, and the strongest, which lie beyond it, take the most steps
            break
        best, least = strength, loss
    return best
