"""Comparison of trainings, soundly: pure functions over what each picture said of each run, without torch."""
