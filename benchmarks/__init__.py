"""Benchmarks: one question each, in one run against named peers; `python -m benchmarks` asks them all."""
