"""The narrowed pipeline judged again: what is learnt from its copies, and not only what they cost.

A copy that a network tells less easily may teach it the more. So networks learn from copies by both pipelines, which
draw the same but for what was narrowed, and are asked for pictures that they did not learn from.
"""

from dataclasses import replace

import numpy as np

from augkit.choose.held_out import Judge, folds_of
from augkit.pipeline import Pipeline
from augkit.train.trials.evidence import Gain, gain
from augkit.train.trials.network_learner import NetworkLearner
from augkit.why.doubted_labels import Doubts
from augkit.why.learnt_run import LearntRun

FOLDS, REPEATS = 4, 3  # in which all folds are dealt anew
MOST_STEPS = 120  # of a network from scratch, as a choice takes


def learning_gain(run: LearntRun, doubts: Doubts, pipeline: Pipeline) -> Gain:
    """Return what the held-out loss of pictures of train is lower by with a pipeline than with the run's own.

    Args:
        run: whose pipeline is the other one.
        doubts: the pictures whose labels were doubted, and what networks learn from them with.
        pipeline: as above.
    """
    bench, pool, seed = doubts.bench, doubts.pool, run.setup.config.seed
    count = max(2, min(bench.screening_folds or FOLDS, len(set(pool.groups))))
    deals = range(seed, seed + REPEATS)
    folds = np.stack([folds_of(pool.classes, pool.groups, count, one) for one in deals])
    classes = np.array(pool.classes)
    with bench.at_work():
        learners = [
            replace(one, steps=min(one.steps, MOST_STEPS)) if isinstance(one, NetworkLearner) else one
            for one in bench.learners
        ]
        judges = [Judge(bench.look, one, classes, folds, bench.copies, seed, threads=bench.threads) for one in learners]
        judge = min(judges, key=lambda one: float(one.outcome(None).loss.mean())) if len(judges) > 1 else judges[0]
        own, other = (judge.outcome(one, REPEATS).loss for one in (run.pipeline, pipeline))
    return gain(own - other, folds)
