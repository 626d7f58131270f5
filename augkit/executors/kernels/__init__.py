"""Kernels that all executors share, each one file: what is done alike by all of them, and what they make it of.

They are judged by other libraries and by loops in the tests, for no executor that shares them can tell.
"""
