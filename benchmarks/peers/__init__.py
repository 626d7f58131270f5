"""Contenders of the benchmarks: augkit and its peers, each in a process and, if need be, an environment of its own."""
