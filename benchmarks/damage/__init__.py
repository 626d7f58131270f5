"""Damage to files of every kind that is read, and what must come of it."""
