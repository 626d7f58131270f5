"""The report of a training: one page that needs nothing beside it, and its figures."""
