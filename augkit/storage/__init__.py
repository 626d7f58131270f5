"""Bytes as they lie: roots that are read, stores that are written, and what makes writing survive a loss of power."""
