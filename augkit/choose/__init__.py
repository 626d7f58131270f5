"""Find out which augmentation helps on a data set, with the evidence for it."""
