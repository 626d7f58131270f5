"""Several trainings as one: seeds, folds, ensembles, and what only several can tell."""
