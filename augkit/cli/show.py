"""``augkit show``."""


def command() -> None:
    """To be written."""
