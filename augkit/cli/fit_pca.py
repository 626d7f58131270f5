"""``augkit fit-pca``."""


def command() -> None:
    """To be written."""
