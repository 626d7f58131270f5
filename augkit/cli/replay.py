"""``augkit replay``."""


def command() -> None:
    """To be written."""
