"""Laws of training: one number says what options, pixels and defaults of a run mean.

Law 1 is that of augkit up to 0.5: alpha was left out, and what a pipeline made was resized and cropped once more. An
artefact says for itself how its pictures are prepared, so that those of every law predict as they did; a run that is
not finished goes on by its own law only, with the version that began it.
"""

TRAIN_LAW = 2
FIRST_LAW = 1  # of runs that say none
