"""Shapes, as drawing programs write them."""
