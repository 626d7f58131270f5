"""Rivals of a network: cheap answers that stand beside it, and are taken where they do better."""
