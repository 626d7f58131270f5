"""The executor in C, in one pass over the pixels and to the same bytes on every processor; its twins are in NumPy."""
