"""Ridge regression on a network's features: the sanity line beside a head that learns numbers.

Its solution is had at once, in the directions of the features, so that all strengths of the penalty cost one
decomposition. The strength is found by cross-validation on the pictures that are learnt from, in folds that keep all
copies and views of an original together.

Reference: Hoerl and Kennard, "Ridge regression: biased estimation for nonorthogonal problems", Technometrics 1970.
"""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.linalg import eigh
from threadpoolctl import threadpool_limits
from torch import Tensor

from augkit.core.arrays import Reals
from augkit.core.key import Key
from augkit.datasets.data_set import Source
from augkit.datasets.folds import folds_of
from augkit.train.rivals.linear_head import FOLDS, LEAST_SPREAD, MOST_FOLDED, MOST_ROWS, LinearHead

PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)  # of standardised features, as a part of their variance in all directions
USUAL = 1e-1  # where there are too few pictures for folds


def fit_ridge(features: Tensor, numbers: Tensor, groups: Sequence[str], seed: int) -> LinearHead:
    """Fit a linear layer to numbers; the same rows give the same bits for any number of threads.

    Args:
        features: (n, F).
        numbers: (n, k), scaled alike.
        groups: (n) what a row was made of: rows of one are never divided between folds.
        seed: of the folds and, of more than `MOST_ROWS` rows, of those that are drawn.
    """
    values, truths, origins = features.double().cpu().numpy(), numbers.double().cpu().numpy(), np.asarray(groups)
    random = np.random.default_rng(Key(seed, "ridge").stream("rows").integers(2**63))
    if len(values) > MOST_ROWS:
        kept = np.sort(random.permutation(len(values))[:MOST_ROWS])
        values, truths, origins = values[kept], truths[kept], origins[kept]
    with threadpool_limits(1):
        mean = values.mean(axis=0)
        spread = np.maximum(values.std(axis=0), LEAST_SPREAD)
        rows = (values - mean) / spread
        penalty = _penalty(rows, truths, origins.tolist(), random)
        ((weight, bias),) = _solved(rows, truths, (penalty,))
        weight = weight / spread
        bias = bias - weight @ mean
    return LinearHead(torch.from_numpy(weight).float(), torch.from_numpy(bias).float(), penalty)


def _solved(rows: Reals, truths: Reals, penalties: Sequence[float]) -> list[tuple[Reals, Reals]]:
    """Return weights (k, F) and offsets (k,) for every penalty; rows (n, F) of any mean, truths (n, k)."""
    centre, middle = rows.mean(axis=0), truths.mean(axis=0)
    moved, wanted = rows - centre, truths - middle
    is_narrow = rows.shape[1] <= len(rows)
    variances, axes = eigh(moved.T @ moved if is_narrow else moved @ moved.T)
    seen = axes.T @ (moved.T @ wanted if is_narrow else wanted)
    whole = max(float(variances.sum()), 1e-12) / len(rows)
    found: list[tuple[Reals, Reals]] = []
    for penalty in penalties:
        solved = axes @ (seen / (np.maximum(variances, 0.0) + penalty * whole)[:, None])
        weight = (solved if is_narrow else moved.T @ solved).T
        found.append((weight, middle - weight @ centre))
    return found


def _penalty(rows: Reals, truths: Reals, origins: list[str], random: np.random.Generator) -> float:
    """Return the penalty whose squared error over held-out folds is least; the usual one of too few originals."""
    some = np.sort(random.permutation(len(rows))[:MOST_FOLDED])
    rows, truths, groups = rows[some], truths[some], [origins[place] for place in some]
    if len(set(groups)) < 2 * FOLDS:
        return USUAL
    sources = [Source(f"{row}", row, "all") for row in range(len(rows))]
    folds = np.array(folds_of(sources, groups, FOLDS, int(random.integers(2**31))))
    errors = np.zeros(len(PENALTIES))
    for fold in range(1, FOLDS + 1):
        held = folds == fold
        for place, (weight, bias) in enumerate(_solved(rows[~held], truths[~held], PENALTIES)):
            errors[place] += float(((rows[held] @ weight.T + bias - truths[held]) ** 2).sum())
    return PENALTIES[int(errors.argmin())]
