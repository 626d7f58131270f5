"""Augmentations in numbers only: keys, operations, plans. NumPy and pydantic, and never a pixel."""
